"""nbgrader's side of a course: settings, folders of every step, rows, scores."""
