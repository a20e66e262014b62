"""Documents and tables as text, Markdown, LaTeX, HTML, JSON or CSV, and where they go. What renders never computes."""
