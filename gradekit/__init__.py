"""gradekit: homework notebooks on recurrent networks whose grades can be trusted."""

__version__ = "0.1.0"


def install() -> None:
    """Let gradekit check a course before nbgrader grades it. For ``nbgrader_config.py``.

    nbgrader is imported only here: students import gradekit with numpy alone.
    """
    from gradekit import autograde  # noqa: PLC0415

    autograde.install()
