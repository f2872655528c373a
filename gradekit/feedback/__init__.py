"""One submission becomes its pages."""
