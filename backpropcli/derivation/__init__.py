"""The chain rule as expressions: stages, local derivatives, paths, matrices, proof; no layout of text."""
