"""The settings of a course: nbgrader's, and gradekit's few; its folders follow from them.

Read by nbgrader's own application: along Jupyter's search path (``~/.jupyter``, ``/etc/jupyter``), then in the course.
A settings file is a program. One that lies where students' files are brought is theirs, and is never run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import json
import logging
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbgrader.apps import NbGrader
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, Execute
from traitlets import Float, List, TraitError, Unicode
from traitlets.config import Application, Config
from traitlets.config.loader import DeferredConfig, DeferredConfigString, LazyConfigValue
from traitlets.utils.importstring import import_item

from gradekit import database
from gradekit.course.course import CONFIG, CONFIGS, STUDENTS, Course, Folders, is_students
from gradekit.errors import CourseError
from gradekit.model import GRANTS, RIGHTS, Figures, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping


FIGURES, ALLOW, COPIES, SCHEDULER = "figures", "allow", "copies", "scheduler"  # the settings of ours that are no limit
COPIES_FROM = 0.8  # by default
LATE = ("AssignLatePenalties", "LateSubmissionPlugin", "LatePolicy")  # where a rule for late work is set
PLAIN = (str, int, float)  # as JSON has it
_THERE_IS = f"There is: {', '.join(map(repr, GRANTS))}."
STEPS = tuple(item.name for item in dataclasses.fields(Folders) if item.name != "structure")


def open_course(folder: Path | None = None, *, db: str = "") -> Course:
    """Open the course that an instructor works in.

    Parameters
    ----------
    folder : Path or None
        The course's; where it is None, nbgrader's setting ``CourseDirectory.root``, else the working folder. With None
        the working folder's settings are read too, as nbgrader does.
    db : str
        The gradebook's address; empty for that of the settings.

    Raises
    ------
    CourseError
        If the folder is missing or is no course, or students' files are brought there.
    """
    beside = None
    if folder is None:
        here = Path.cwd()
        config = _load().config
        if not _is_students(here, config):
            beside, config = here, _load(here).config
        folder = Path(step_folders(config).root)
    root = folder.resolve()
    if not root.is_dir():
        raise CourseError(f"There is no folder {root}.", help="Name the course's folder with --course-dir.")
    if beside is not None and (beside == root or not _has_settings(beside)):
        beside = None
    course = course_at(root, db=db, beside=beside)
    if not (_has_settings(root) or course.folder("source", ".").is_dir()):
        raise CourseError(
            f"{root} is no course: it has no {CONFIG} and no folder {course.folders.source}/.",
            help="Run this in the course's folder, or name it with --course-dir.",
        )
    return course


def course_at(root: Path, *, db: str = "", beside: Path | None = None) -> Course:
    """Return the course in a folder, with the names that its settings give.

    Raises
    ------
    CourseError
        If the settings cannot be used.
    """
    bare = Course(root, db=db, beside=beside)
    return dataclasses.replace(bare, folders=_folders(step_folders(read_settings(bare))))


def course_of(directory: CourseDirectory) -> Course:
    """Return the course that nbgrader has opened already, with the gradebook that it would use."""
    return Course(Path(directory.root).resolve(), _folders(directory), db=directory.db_url)


def own_gradebook(root: Path) -> Course:
    """Return a copy of a course, as `copy_settings` makes it, with the gradebook in its own folder."""
    return course_at(root, db=f"sqlite:///{root / 'gradebook.db'}")


def copy_settings(course: Course, folder: Path) -> Course:
    """Give a new course the settings of another, but a gradebook of its own; return the new course.

    What counts in the first may be set elsewhere: so limits, the names of folders and a rule for late work are written
    down in the copy, in the file that has the last word. A name that leads out of the course is nbgrader's own there.
    """
    config = read_settings(course)
    limits, folders = read_limits(config), _folders(step_folders(config))
    modules = [path.name for path in course.root.glob("*.py")]  # the settings may import what lies beside them
    for name in {*CONFIGS, *modules}:
        if (course.root / name).is_file():
            shutil.copyfile(course.root / name, folder / name)
    path = folder / CONFIGS[-1]
    words: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    own = {name: value if _stays(value) else getattr(Folders(), name) for name, value in _items(folders)}
    names = {"directory_structure": own.pop("structure"), **{f"{step}_directory": own[step] for step in STEPS}}
    changed = {name: value for name, value in _items(limits) if value != getattr(Limits(), name)}
    if FIGURES in config.Gradekit:
        changed[FIGURES] = str(read_figures(config))
    for section, chosen in (("CourseDirectory", names), ("Gradekit", changed)):
        words[section] = words.get(section, {}) | chosen
    for section in LATE:
        rule = {name: _word(value) for name, value in config.get(section, {}).items()}
        words[section] = words.get(section, {}) | {name: word for name, word in rule.items() if isinstance(word, PLAIN)}
    path.write_text(json.dumps(words, indent=1) + "\n", encoding="utf-8")
    return own_gradebook(folder.resolve())


def _word(value: Any) -> Any:
    """Return a setting as JSON has it: a class by its name."""
    return f"{value.__module__}.{value.__qualname__}" if isinstance(value, type) else value


def _items(found: Folders | Limits) -> list[tuple[str, Any]]:
    return list(dataclasses.asdict(found).items())


def _stays(name: str) -> bool:
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def read_settings(course: Course, **traits: str) -> Config:
    """Read the settings of a course; `traits` are those of CourseDirectory to set on top.

    Raises
    ------
    CourseError
        If a settings file cannot be run, or is a student's.
    """
    config: Config = _load(*_own(course)).config
    config.CourseDirectory.root = str(course.root)
    if course.db:
        config.CourseDirectory.db_url = course.db
    for name, value in traits.items():
        setattr(config.CourseDirectory, name, value)
    return config


def settings_files(course: Course) -> tuple[Path, ...]:
    """Return the files that the settings of a course were read from."""
    return tuple(Path(name) for name in _load(*_own(course)).loaded_config_files)


def code_files(config: Config) -> tuple[Path, ...]:
    """Return the files of the course's own classes that the settings name: its rule for lateness, its steps.

    Raises
    ------
    CourseError
        If one of them cannot be imported: nobody could be graded.
    """
    found = set()
    try:
        steps = Autograde(config=config)
        named = [AssignLatePenalties(config=config).plugin_class]
        named += [*steps.sanitize_preprocessors, *steps.autograde_preprocessors]
        classes = [import_item(kind) if isinstance(kind, str) else kind for kind in named]
    except (TraitError, ImportError) as error:
        raise CourseError(
            f"{CONFIG} names a class that cannot be used: {error.__cause__ or error}.",
            help=f"Mend its name; a module of the course's own lies beside {CONFIG}.",
        ) from None
    for own in classes:
        with contextlib.suppress(OSError, TypeError):  # it has no file
            if own.__module__.split(".")[0] != "nbgrader":
                found.add(Path(inspect.getfile(own)).resolve())
    return tuple(sorted(found))


def step_folders(config: Config) -> CourseDirectory:
    """Return where nbgrader's folders and its gradebook lie.

    Raises
    ------
    CourseError
        If a setting is of the wrong kind.
    """
    try:
        return CourseDirectory(config=config)
    except TraitError as error:
        raise CourseError(f"The settings of nbgrader's CourseDirectory cannot be used: {error}") from None


def _folders(directory: CourseDirectory) -> Folders:
    names = {step: getattr(directory, f"{step}_directory") for step in STEPS}
    return Folders(**names, structure=directory.directory_structure)


def _own(course: Course) -> tuple[Path, ...]:
    return (course.root,) if course.beside is None else (course.beside, course.root)


def _has_settings(folder: Path) -> bool:
    return any((folder / name).is_file() for name in CONFIGS)


class _Problems(logging.Handler):
    """Keeps what nbgrader would log of a settings file that it cannot use, and go on without."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one problem in words."""
        error = record.exc_info[1] if record.exc_info else None
        told = error is not None and isinstance(record.args, tuple) and record.args
        self.found.append(f"{record.args[0]} cannot be run: {error!r}." if told else record.getMessage())  # type: ignore[index]


def _load(*folders: Path) -> NbGrader:
    """Let nbgrader read its settings: along Jupyter's search path, then in these folders; a later one counts more."""
    database.choose_driver()
    log, problems = logging.Logger("settings"), _Problems()  # noqa: LOG001  (heard by nobody else)
    log.addHandler(problems)
    app = NbGrader(log=log)
    app.load_cwd_config = False  # `folders` has the working folder where it is to be read
    try:
        app.load_config_file()
        for folder in folders:
            _refuse_students(folder, app.config)
            if _has_settings(folder) and str(folder) not in sys.path:
                sys.path.append(str(folder))  # nbgrader lets settings import what lies in the working folder
            Application.load_config_file(app, CONFIG, path=str(folder))  # as nbgrader's `initialize` reads a course's
    except SystemExit:  # traitlets' way to give up on a setting of the wrong kind; it has logged which
        pass
    if problems.found:
        raise CourseError(problems.found[0])
    return app


def _refuse_students(folder: Path, config: Config) -> None:
    if _is_students(folder, config):
        raise CourseError(
            f"{folder} lies where students' files are brought: no settings are read there.",
            help="Run this in the course's folder, or name it with --course-dir.",
        )


def _is_students(folder: Path, config: Config) -> bool:
    directories = config.CourseDirectory
    set_here = {step: str(directories[f"{step}_directory"]) for step in STUDENTS if f"{step}_directory" in directories}
    return is_students(folder, also=[set_here])


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
        if name == ALLOW:
            chosen[name] = _allowed(given)
        if name in (FIGURES, ALLOW, COPIES, SCHEDULER):
            continue
        value = given.get_value(Float()) if isinstance(given, DeferredConfigString) else given  # a command line's
        if name not in known:
            there = ", ".join([*known, FIGURES, COPIES, SCHEDULER])
            raise CourseError(f"{CONFIG} sets c.Gradekit.{name}, which does not exist.", help=f"There are: {there}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise CourseError(f"{CONFIG} sets c.Gradekit.{name} to {value!r}; a positive number is needed.")
        chosen[name] = float(value) if name.endswith("_s") else int(value)
    return _with_timeout(config, Limits(**chosen), chosen)


def read_figures(config: Config) -> Figures:
    """Read of which cells the figures are drawn from the setting ``c.Gradekit.figures``.

    Raises
    ------
    CourseError
        If it is none of the words that there are.
    """
    given = config.Gradekit.get(FIGURES, Figures.CHANGED)
    value = given.get_value(Unicode()) if isinstance(given, DeferredConfigString) else given  # a command line's
    if value not in list(Figures):
        words = ", ".join(repr(str(kind)) for kind in Figures)
        raise CourseError(f"{CONFIG} sets c.Gradekit.{FIGURES} to {value!r}.", help=f"There are: {words}.")
    return Figures(value)


def read_copies(config: Config) -> float:
    """Read from which share on the class report lists two answers as alike: ``c.Gradekit.copies``; 0 for never.

    Raises
    ------
    CourseError
        If it is no number from 0 to 1.
    """
    given = config.Gradekit.get(COPIES, COPIES_FROM)
    try:
        value = given.get_value(Float()) if isinstance(given, DeferredConfigString) else given  # a command line's
    except (TraitError, ValueError):
        value = str(given)
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise CourseError(
            f"{CONFIG} sets c.Gradekit.{COPIES} to {value!r}.", help="A share from 0 to 1 is needed; 0 switches it off."
        )
    return float(value)


def read_scheduler(config: Config) -> str:
    """Read the address of the Dask scheduler whose workers judge, ``c.Gradekit.scheduler``; empty for this machine.

    Raises
    ------
    CourseError
        If it is no text.
    """
    given = config.Gradekit.get(SCHEDULER, "")
    value = given.get_value(Unicode()) if isinstance(given, DeferredConfigString) else given  # a command line's
    if not isinstance(value, str):
        raise CourseError(f"{CONFIG} sets c.Gradekit.{SCHEDULER} to {value!r}; an address is needed: tls://HOST:PORT.")
    return value


def _allowed(given: Any) -> tuple[str, ...]:
    """Return what a course allows learners' code, each once."""
    if isinstance(given, LazyConfigValue):  # c.Gradekit.allow.append(...)
        given = given.get_value([])
    elif isinstance(given, DeferredConfig):  # of the command line
        given = given.get_value(List(Unicode()))
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple | set) or not all(isinstance(name, str) for name in names):
        raise CourseError(f"{CONFIG} sets c.Gradekit.allow to {given!r}; a list of names is needed.", help=_THERE_IS)
    for name in names:
        if name in RIGHTS and name not in GRANTS:
            raise CourseError(f"{CONFIG} sets c.Gradekit.allow to what no course can allow: {name!r}.", help=_THERE_IS)
        if name not in GRANTS:
            raise CourseError(f"{CONFIG} sets c.Gradekit.allow to an unknown name: {name!r}.", help=_THERE_IS)
    return tuple(sorted(set(names)))


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


def late_rule(config: Config) -> str:
    """Return the name of the course's rule for late work; empty where none is switched on."""
    chosen = config.AssignLatePenalties.get("plugin_class")
    if not is_enabled(config, LATE[0]) or (not chosen and config.LateSubmissionPlugin.get("penalty_method") != "zero"):
        return ""
    return str(_word(chosen)) if chosen else "LateSubmissionPlugin"


def is_enabled(config: Config, preprocessor: str) -> bool:
    """Tell whether the settings leave one of nbgrader's steps on."""
    return bool(config[preprocessor].get("enabled", True))
