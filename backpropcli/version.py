"""The version of this package: one constant, which a page and a report of a bug can name without importing more."""

__version__ = "0.1.0"
