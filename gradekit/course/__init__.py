"""A course on disk: folders, notebooks, reports."""
