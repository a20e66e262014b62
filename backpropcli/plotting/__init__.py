"""Figures: axes, lines, points and contours as plain data, and a writer each for the terminal and for files."""
