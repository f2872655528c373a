"""The course's settings: nbgrader's, and gradekit's few."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from nbgrader.preprocessors import Execute
from traitlets import Float, TraitError
from traitlets.config import Config, PyFileConfigLoader
from traitlets.config.loader import DeferredConfigString

from gradekit.course.course import CONFIG
from gradekit.errors import CourseError
from gradekit.model import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradekit.course.course import Course


def read_settings(course: Course, **folders: str) -> Config:
    """Read the course's ``nbgrader_config.py``; `folders` are traits of CourseDirectory to set on top.

    Raises
    ------
    CourseError
        If the file cannot be run.
    """
    config = Config()
    try:
        if (course.root / CONFIG).exists():  # nbgrader itself does without
            config = PyFileConfigLoader(CONFIG, path=str(course.root)).load_config()
    except Exception as error:
        raise CourseError(f"{course.root / CONFIG} cannot be run: {error!r}.") from error
    config.CourseDirectory.root = str(course.root)
    for name, value in folders.items():
        setattr(config.CourseDirectory, name, value)
    return config


def read_limits(config: Config) -> Limits:
    """Read the limits of a submission from the settings ``c.Gradekit.<name>``; what is not set has its default.

    nbgrader's own ``c.Execute.timeout`` is the limit of a cell too: where both are set the smaller one counts; None or
    a number below 0 leaves a cell all the time that the submission has.

    Raises
    ------
    CourseError
        If a name is unknown or a value is no positive number.
    """
    known = [item.name for item in dataclasses.fields(Limits)]
    chosen: dict[str, Any] = {}
    for name, given in config.Gradekit.items():
        value = given.get_value(Float()) if isinstance(given, DeferredConfigString) else given  # a command line's
        if name not in known:
            raise CourseError(
                f"{CONFIG} sets c.Gradekit.{name}, which does not exist.", help=f"There are: {', '.join(known)}."
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise CourseError(f"{CONFIG} sets c.Gradekit.{name} to {value!r}; a positive number is needed.")
        chosen[name] = float(value) if name.endswith("_s") else int(value)
    return _with_timeout(config, Limits(**chosen), chosen)


def _with_timeout(config: Config, found: Limits, chosen: Mapping[str, Any]) -> Limits:
    if not any("timeout" in config[section] for section in Execute.section_names()):
        return found
    try:
        timeout = Execute(config=config).timeout
    except TraitError as error:
        raise CourseError(f"{CONFIG} sets c.Execute.timeout to what is no time: {error}") from None
    if timeout == 0:
        raise CourseError(f"{CONFIG} sets c.Execute.timeout to 0; a positive number of seconds is needed.")
    most = found.submission_s if timeout is None or timeout < 0 else float(timeout)
    return dataclasses.replace(found, cell_s=min(found.cell_s, most) if "cell_s" in chosen else most)


def is_enabled(config: Config, preprocessor: str) -> bool:
    """Tell whether the settings leave one of nbgrader's steps on."""
    return bool(config[preprocessor].get("enabled", True))
