"""Layers and losses: shorthand that becomes parameters and nodes in formula text."""
