"""A file's text: safe YAML and JSON with the place of every value, and what a network's file may say."""
