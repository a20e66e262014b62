"""Functions and programs that are known by their values alone."""
