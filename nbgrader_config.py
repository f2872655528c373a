"""nbgrader's settings for this course, and gradekit's few."""

import gradekit

c = get_config()  # noqa: F821  (nbgrader and gradekit run this file with get_config in it)

c.CourseDirectory.solution_directory = "solutions"

# `nbgrader autograde` and formgrader's Autograde button look first whether the course itself is sound.
gradekit.install()
