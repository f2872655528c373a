"""A hostile folder becomes sound notebooks: collect, find, repair."""
