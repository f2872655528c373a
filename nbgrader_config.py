"""nbgrader's settings for this course, and gradekit's few."""

import gradekit

c = get_config()  # noqa: F821  (nbgrader and gradekit run this file with get_config in it)

c.CourseDirectory.solution_directory = "solutions"

# nbgrader starts kernels on local ports; ipykernel 7 warns of that on every start. Errors are still shown.
c.Execute.extra_arguments = ["--HistoryManager.hist_file=:memory:", "--IPKernelApp.log_level=ERROR"]

# nbgrader's generate_assignment, autograde and generate_feedback, and formgrader's buttons for them, do what gradekit's
# commands do; formgrader and nbgrader's feedback are closed to scripts in what students hand in.
gradekit.install(c)
