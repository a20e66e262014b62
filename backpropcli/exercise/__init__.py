"""Exercises: questions, grading, hints, other numbers for everyone, worksheets."""
