"""Blocks: a function with parameters and rows of its own, each use of which is a copy with names of its own."""
