"""One file per command: read options, call, hand to a view, exit."""
