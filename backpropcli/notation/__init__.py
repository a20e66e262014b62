"""Numbers and formulas as people write them: in plain text, in LaTeX, in HTML."""
