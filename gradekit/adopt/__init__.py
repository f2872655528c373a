"""An nbgrader assignment of other making → one that ``gradekit release`` takes."""
