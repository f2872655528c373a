"""A course, an assignment, an exercise of one's own: written so that everything works before the first change."""
