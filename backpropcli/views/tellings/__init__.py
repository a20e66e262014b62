"""What `explain` and `derive` tell of a gradient: its paths, its walk back, its formulas; as text, Markdown, LaTeX."""
