"""What `run --steps`, `explain` and `derive` tell: the derivation in sentences, tables and worked lines."""
