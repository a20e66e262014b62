"""A computation graph as a picture: its model, its layout, and a writer each for terminal, SVG, DOT, Mermaid, TikZ."""
