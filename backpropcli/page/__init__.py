"""One self-contained HTML page: a lesson or an exercise, its words, its numbers and its program."""
