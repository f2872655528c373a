"""gradekit: homework notebooks on recurrent networks whose grades can be trusted."""

from typing import Any

__version__ = "0.1.0"


def install(config: Any) -> None:
    """Let nbgrader use this engine, and close its pages to scripts in submissions. For ``nbgrader_config.py``.

    Its three converters (Generate, Autograde, Generate Feedback), by command and by formgrader's buttons.

    nbgrader is imported only here: students import gradekit with numpy alone.

    Parameters
    ----------
    config : traitlets.config.Config
        What ``get_config()`` returns there.
    """
    from gradekit import database  # noqa: PLC0415
    from gradekit.plugin import autograde, courses, feedback, generate, learnerfiles, safehtml  # noqa: PLC0415

    for converter in (generate, autograde, feedback):
        converter.install()
    safehtml.close(config)
    learnerfiles.close()
    courses.install()
    database.choose_driver()
