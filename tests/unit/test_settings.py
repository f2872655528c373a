"""Where settings are read, what follows from them, and whose settings are never read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config
from traitlets.config.loader import DeferredConfigList, DeferredConfigString

from gradekit.course.course import CONFIG, Course, Folders, find_course, named_folders
from gradekit.errors import CourseError
from gradekit.gradebook.settings import (
    code_files,
    copy_settings,
    course_at,
    open_course,
    read_copies,
    read_figures,
    read_limits,
    read_scheduler,
    read_settings,
    settings_files,
    step_folders,
)
from gradekit.model import Figures, Limits


def settings(**words: Any) -> Config:
    """Return settings; ``Execute_timeout=5`` sets ``c.Execute.timeout``."""
    config = Config()
    for name, value in words.items():
        section, _, trait = name.partition("_")
        setattr(config[section], trait, value)
    return config


@pytest.mark.parametrize(
    ("words", "cell_s"),
    [
        ({}, 30),
        ({"Execute_timeout": 5}, 5),
        ({"Execute_timeout": 60}, 60),
        ({"ExecutePreprocessor_timeout": 5}, 5),
        ({"ExecutePreprocessor_timeout": 5, "Execute_timeout": 7}, 7),
        ({"Execute_timeout": DeferredConfigString("2")}, 2),
        ({"Execute_timeout": 5, "Gradekit_cell_s": 7}, 5),
        ({"Execute_timeout": 7, "Gradekit_cell_s": 5}, 5),
        ({"Execute_timeout": None}, 300),
        ({"Execute_timeout": -1, "Gradekit_submission_s": 100}, 100),
        ({"Execute_timeout": None, "Gradekit_cell_s": 5}, 5),
        ({"Gradekit_cell_s": DeferredConfigString("4.5")}, 4.5),
    ],
)
def test_a_cells_time(words: dict[str, Any], cell_s: float) -> None:
    """nbgrader's time-out is read by nbgrader's own rule; beside ours the smaller counts; none is the submission's."""
    assert read_limits(settings(**words)).cell_s == cell_s


def test_other_limits_keep_their_defaults() -> None:
    """One setting changes one limit."""
    assert read_limits(settings(Gradekit_call_s=3)) == Limits(call_s=3.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"Execute_timeout": "soon"}, r"c\.Execute\.timeout"),
        ({"Execute_timeout": 0}, r"c\.Execute\.timeout to 0"),
        ({"Gradekit_cell_s": 0}, "positive number"),
        ({"Gradekit_cell_s": True}, "positive number"),
        ({"Gradekit_cell_s": DeferredConfigString("soon")}, "positive number"),
        ({"Gradekit_seconds": 1}, "does not exist"),
        ({"Gradekit_allow": ["procesess"]}, "unknown name: 'procesess'"),
        ({"Gradekit_allow": ["processes", "network"]}, "no course can allow: 'network'"),
        ({"Gradekit_allow": True}, "a list of names"),
        ({"Gradekit_allow": [1]}, "a list of names"),
        ({"Gradekit_allow": DeferredConfigString("files")}, "no course can allow: 'files'"),
    ],
)
def test_what_is_no_limit(words: dict[str, Any], said: str) -> None:
    """A limit that is none is one sentence with the setting's name."""
    with pytest.raises(CourseError, match=said):
        read_limits(settings(**words))


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        ({}, Figures.CHANGED),
        ({"Gradekit_figures": "all"}, Figures.ALL),
        ({"Gradekit_figures": DeferredConfigString("none")}, Figures.NONE),
    ],
)
def test_which_figures_are_drawn(words: dict[str, Any], figures: Figures) -> None:
    """One of three words, in a file or on nbgrader's command line; it is no limit."""
    assert read_figures(settings(**words)) is figures
    assert read_limits(settings(**words)) == Limits()


@pytest.mark.parametrize(
    ("words", "least"),
    [
        ({}, 0.8),
        ({"Gradekit_copies": 0}, 0.0),
        ({"Gradekit_copies": False}, 0.0),
        ({"Gradekit_copies": 1}, 1.0),
        ({"Gradekit_copies": DeferredConfigString("0.9")}, 0.9),
    ],
)
def test_from_which_share_answers_are_alike(words: dict[str, Any], least: float) -> None:
    """A share, in a file or on nbgrader's command line; 0 for never; it is no limit."""
    assert read_copies(settings(**words)) == least
    assert read_limits(settings(**words)) == Limits()


@pytest.mark.parametrize("word", ["some", 80, -0.1, None, float("nan"), DeferredConfigString("most")])
def test_no_such_share(word: Any) -> None:
    """What is no share is one sentence with the setting's name."""
    with pytest.raises(CourseError, match=r"c\.Gradekit\.copies"):
        read_copies(settings(Gradekit_copies=word))


@pytest.mark.parametrize("given", ["tls://node07:8786", DeferredConfigString("tls://node07:8786")])
def test_who_judges(given: Any) -> None:
    """An address, in a file or on a command line; it is no limit."""
    assert read_scheduler(settings(Gradekit_scheduler=given)) == "tls://node07:8786"
    assert read_scheduler(settings()) == ""
    assert read_limits(settings(Gradekit_scheduler=given)) == Limits()


@pytest.mark.parametrize("given", [8786, None, ["tls://node07:8786"]])
def test_no_address_of_a_scheduler(given: Any) -> None:
    """What is no text is one sentence with the setting's name."""
    with pytest.raises(CourseError, match=r"c\.Gradekit\.scheduler"):
        read_scheduler(settings(Gradekit_scheduler=given))


@pytest.mark.parametrize("word", ["some", True, 1, None, DeferredConfigString("")])
def test_no_such_figures(word: Any) -> None:
    """Another word is one sentence with the setting's name."""
    with pytest.raises(CourseError, match=r"c\.Gradekit\.figures"):
        read_figures(settings(Gradekit_figures=word))


@pytest.mark.parametrize(
    "given",
    [
        ["processes"],
        ("processes", "processes"),
        "processes",
        DeferredConfigString("processes"),
        DeferredConfigList(["processes"]),
    ],
)
def test_what_a_course_allows(given: Any) -> None:
    """A right may be allowed by a list, or a word of the command line; nothing is by default."""
    assert read_limits(settings(Gradekit_allow=given)).allow == ("processes",)
    assert read_limits(settings()).allow == ()
    more = settings()
    more.Gradekit.allow.append("processes")
    assert read_limits(more).allow == ("processes",)


# --- where they are read ---------------------------------------------------------------------------------------------


def jupyter(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str, name: str = CONFIG) -> None:
    """Put settings where Jupyter looks for a user's."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(folder))


@pytest.fixture
def hub(small: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course as hubs have it: no settings of its own; ``~/.jupyter`` names it, and the gradebook."""
    (small.root / CONFIG).unlink()
    words = (
        f"c.CourseDirectory.root = {str(small.root)!r}\n"
        "c.CourseDirectory.db_url = 'sqlite:////srv/grades.db'\nc.CourseDirectory.course_id = 'rnn101'\n"
    )
    jupyter(monkeypatch, tmp_path / "jupyter", words)
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    return small


def test_a_hubs_settings(hub: Course) -> None:
    """Root, gradebook and course come from Jupyter's search path, whatever the working folder."""
    course = open_course()
    assert course.root == hub.root
    directory = step_folders(read_settings(course))
    assert (directory.db_url, directory.course_id) == ("sqlite:////srv/grades.db", "rnn101")


def test_the_command_line_has_the_last_word(hub: Course, tmp_path: Path) -> None:
    """A folder that is named wins over the settings' root, an address over their gradebook."""
    (tmp_path / "other" / "source").mkdir(parents=True)
    course = open_course(tmp_path / "other", db="sqlite:///mine.db")
    assert course.root == tmp_path / "other" != hub.root
    assert step_folders(read_settings(course)).db_url == "sqlite:///mine.db"


def test_the_courses_own_settings_count_more(hub: Course) -> None:
    """The course's file is read after the user's; what it does not set stays."""
    (hub.root / CONFIG).write_text("c.CourseDirectory.course_id = 'rnn102'\n")
    directory = step_folders(read_settings(open_course()))
    assert (directory.course_id, directory.db_url) == ("rnn102", "sqlite:////srv/grades.db")


def test_json_counts_too(small: Course) -> None:
    """Settings in JSON are read, after those in Python, and are part of what a score depends on."""
    (small.root / "nbgrader_config.json").write_text('{"CourseDirectory": {"solution_directory": "answers"}}')
    assert course_at(small.root).folders.solution == "answers"
    assert [path.name for path in settings_files(small)] == [CONFIG, "nbgrader_config.json"]


def test_the_working_folders_settings(hub: Course, tmp_path: Path) -> None:
    """Where no course is named, those of the working folder count, as with nbgrader; where one is, they do not."""
    (tmp_path / "home" / CONFIG).write_text("c.CourseDirectory.course_id = 'mine'\n")
    assert step_folders(read_settings(open_course())).course_id == "mine"
    assert step_folders(read_settings(open_course(hub.root))).course_id == "rnn101"


def test_outdated_words_are_nbgraders_business(small: Course) -> None:
    """Old names of settings mean what nbgrader makes of them."""
    (small.root / CONFIG).write_text("c = get_config()\nc.NbGrader.release_directory = 'given_out'\n")
    assert course_at(small.root).folders.release == "given_out"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (CONFIG, "1 / 0", r"course/nbgrader_config.py cannot be run: ZeroDivisionError"),
        ("nbgrader_config.json", "{", r"course/nbgrader_config.json cannot be run: JSONDecodeError"),
        (CONFIG, "c.CourseDirectory.release_directory = 3", r"cannot be used: .*release_directory"),
        (CONFIG, "c.Application.log_level = []", "log_level"),
    ],
)
def test_settings_that_cannot_be_used(small: Course, name: str, text: str, said: str) -> None:
    """One sentence names the file, or the setting."""
    (small.root / name).write_text(text)
    with pytest.raises(CourseError, match=said):
        open_course(small.root)


# --- folders ---------------------------------------------------------------------------------------------------------


def test_folders_follow_from_the_settings(small: Course) -> None:
    """Names, an absolute one too, and nbgrader's structure: each folder is where nbgrader has it."""
    names = {"release": "given_out", "submitted": "handed_in", "autograded": "/srv/marked", "source": "own"}
    lines = [f"c.CourseDirectory.{step}_directory = {name!r}" for step, name in names.items()]
    structure = "c.CourseDirectory.directory_structure = '{nbgrader_step}/{assignment_id}/{student_id}'"
    (small.root / CONFIG).write_text("\n".join([*lines, structure]))
    course = course_at(small.root)
    directory = step_folders(read_settings(course))
    for step in ("source", "release", "submitted", "autograded", "feedback", "solution"):
        theirs = directory.format_path(getattr(directory, f"{step}_directory"), "ann", "small")
        assert course.folder(step, "small", "ann") == Path(theirs)
    assert course.source("small") == small.root / "own" / "small" / "small.ipynb"
    course.folder("submitted", "small", "ann").mkdir(parents=True)
    assert course.students("submitted", "small") == ("ann",)


def test_a_notebook_in_the_learners_process_finds_its_source(small: Course) -> None:
    """There settings are read as text: what a comment says is no setting."""
    (small.root / CONFIG).write_text(
        "# c.CourseDirectory.source_directory = 'no'\n1/0\nc.X.source_directory='own'  # no\n"
    )
    assert named_folders(small.root) == {"source": "own"}
    assert find_course(small.root).folders == Folders(source="own")


def test_a_copy_has_folders_limits_and_a_gradebook_of_its_own(
    hub: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that is done in a copy reaches the gradebook and the folders of the first."""
    words = "c.CourseDirectory.release_directory = '/srv/release'\nc.CourseDirectory.feedback_directory = 'told'\n"
    words += (
        "c.CourseDirectory.submitted_directory = '../all'\nc.Gradekit.cell_s = 7\nc.Gradekit.allow = ['processes']\n"
    )
    jupyter(monkeypatch, tmp_path / "jupyter", words + "c.CourseDirectory.db_url = 'sqlite:////srv/grades.db'\n")
    (hub.root / "nbgrader_config.json").write_text('{"Execute": {"timeout": 9}, "Gradekit": {"call_s": 3}}')
    (tmp_path / "copy").mkdir()
    course = copy_settings(hub, tmp_path / "copy")
    assert course.folders == Folders(feedback="told")
    assert step_folders(read_settings(course)).db_url == f"sqlite:///{tmp_path}/copy/gradebook.db"
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "nowhere"))  # as on another machine
    assert course_at(course.root).folders == Folders(feedback="told")
    found = read_limits(read_settings(course))
    assert (found.cell_s, found.call_s, found.allow) == (7.0, 3.0, ("processes",))
    assert json.loads((tmp_path / "copy" / "nbgrader_config.json").read_text())["Execute"] == {"timeout": 9}


# --- whose settings are never read -----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["submitted", "autograded", "feedback"])
@pytest.mark.parametrize("named", [True, False], ids=["named", "working folder"])
def test_a_students_settings_are_not_run(
    small: Course, monkeypatch: pytest.MonkeyPatch, *, step: str, named: bool
) -> None:
    """A settings file among students' files is refused as a course's, and skipped as the working folder's."""
    folder = small.folder(step, "small", "eve")  # type: ignore[arg-type]
    folder.mkdir(parents=True)
    (folder / CONFIG).write_text(f"open({str(small.root / 'run')!r}, 'w')")
    monkeypatch.chdir(folder)
    with pytest.raises(CourseError, match="students' files are brought"):
        open_course(Path() if named else None)
    assert open_course(small.root).root == small.root
    assert not (small.root / "run").exists()


@pytest.mark.parametrize("where", ["the course's settings", "the user's settings"])
def test_nor_under_another_name(small: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Students' folders that have another name are known by it."""
    words = "c = get_config()\nc.CourseDirectory.submitted_directory = 'handed_in'\n"
    if where == "the user's settings":
        jupyter(monkeypatch, tmp_path / "jupyter", words)
    else:
        (small.root / CONFIG).write_text(words)
    folder = course_at(small.root).folder("submitted", "small", "eve")
    folder.mkdir(parents=True)
    (folder / CONFIG).write_text("1 / 0")
    with pytest.raises(CourseError, match="students' files are brought"):
        open_course(folder)


def test_a_root_elsewhere_is_used_from_a_students_folder(hub: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user's settings name the course, the working folder's are left out."""
    folder = hub.folder("autograded", "small", "eve")
    folder.mkdir(parents=True)
    (folder / CONFIG).write_text("1 / 0")
    monkeypatch.chdir(folder)
    assert open_course().root == hub.root


@pytest.mark.parametrize(
    "inner", ["submitted/ann/small", "autograded/ann/small", "given/ann/small", ".gradekit/+aside/small/ann"]
)
def test_no_course_is_found_among_students_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inner: str) -> None:
    """Hidden tests that a student has handed in are no course's: the one above counts, or the one that is named."""
    monkeypatch.delenv("GRADEKIT_COURSE", raising=False)
    (tmp_path / CONFIG).write_text("c.CourseDirectory.submitted_directory = 'given'")
    planted = tmp_path / inner
    (planted / "tests" / "hidden").mkdir(parents=True)
    with pytest.raises(CourseError, match="No course around"):
        find_course(planted)
    (tmp_path / "tests" / "hidden").mkdir(parents=True)
    assert find_course(planted).root == tmp_path.resolve()
    monkeypatch.setenv("GRADEKIT_COURSE", str(planted))
    assert find_course(tmp_path).root == planted.resolve()


@pytest.mark.parametrize("name", ["nowhere.Late", "gradekit.plugin.late.NoSuchRule"])
def test_a_class_that_cannot_be_imported_is_said_before_anybody_is_graded(name: str) -> None:
    """A rule for lateness that is not there would cost a whole class: one sentence says which."""
    config = Config({"AssignLatePenalties": {"plugin_class": name}})
    with pytest.raises(CourseError, match="names a class that cannot be used") as refused:
        code_files(config)
    assert name.rpartition(".")[2] in str(refused.value) or name.partition(".")[0] in str(refused.value)
    assert " at 0x" not in str(refused.value)
