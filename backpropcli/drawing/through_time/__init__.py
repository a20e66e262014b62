"""Drawings of what runs through time: arrows that lead back, and unrolled networks time by time."""
