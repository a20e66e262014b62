"""Results in, text out: one file per form."""
