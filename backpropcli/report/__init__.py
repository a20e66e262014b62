"""What each command found, as tables and as records: JSON, CSV, JUnit, GitHub."""
