"""A class becomes a page and tables."""
