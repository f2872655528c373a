"""What ``gradekit.install(c)`` does to nbgrader."""
