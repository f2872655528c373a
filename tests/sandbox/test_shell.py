"""A worker taken for a notebook: what libraries and cells of other people's courses ask of Jupyter and of the host."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from gradekit.grade import judge
from gradekit.grade.judge import compiled_modules
from gradekit.isolation.session import Session, Stopped
from gradekit.isolation.template import Template
from gradekit.isolation.template import template as run_template
from gradekit.model import RIGHTS, Limits
from gradekit.worker.refusals import FILES, NETWORK, PROGRAMS, SENTENCES

from .conftest import QUICK, Fork, text_of

LINE = f"{SENTENCES[PROGRAMS].capitalize()}.\n"


def printed(session: Session, source: str) -> str:
    """Return what a cell that goes through prints."""
    done = session.run_cell(source)
    assert done.ok, text_of(done.outputs)
    return "".join(output["text"] for output in done.outputs if output.get("name") == "stdout")


@pytest.mark.parametrize(
    ("source", "then"),
    [
        ("!pip install seaborn\nv = 3\nprint(v)", "3\n"),
        ("!ls -l | head\nprint('on')", "on\n"),
        ("x = !ls\nprint(x, x.n)", "[] \n"),
        ("%ls\nprint('on')", "on\n"),
        ("%system ls\nprint('on')", "on\n"),
        ("%%bash\nls", ""),
        ("%%sh\nls", ""),
        ("%%script python\nprint(1)", ""),
        ("import os\nprint(os.system('ls') >> 8)", "127\n"),
        ("!ls\nprint(_exit_code)", "127\n"),
    ],
)
def test_a_command_is_answered_with_a_line(fork: Fork, source: str, then: str) -> None:
    """No program starts, one line says so, and the cell goes on: as the field's tools do after a failed command."""
    session = fork()
    done = session.run_cell(source)
    assert printed(session, source) == LINE + then
    assert (done.tried, done.felt) == ((PROGRAMS,), (PROGRAMS,))


def test_pip_is_answered_with_a_line(fork: Fork) -> None:
    """%pip installs nothing, and what is there is imported all the same."""
    said = printed(fork(), "%pip install numpy\nimport numpy\nprint(numpy.ones(1))")
    assert said.startswith(LINE)
    assert said.endswith("[1.]\n")


@pytest.mark.parametrize(
    ("source", "right"),
    [
        ("import subprocess\nsubprocess.run(['ls'])", PROGRAMS),
        ("import multiprocessing\nmultiprocessing.Pool(2)", PROGRAMS),
        (
            "from concurrent.futures import ProcessPoolExecutor as Pool\nPool(1).submit(abs, 1).result()",
            PROGRAMS,
        ),
        ("import os\nos.fork()", PROGRAMS),
        ("import urllib.request\nurllib.request.urlopen('http://localhost:1/')", NETWORK),
        ("import socket\nsocket.create_connection(('127.0.0.1', 1))", NETWORK),
        ("open('/etc/passwd')", FILES),
        ("import os\nos.mkdir('/tmp/folder')", FILES),
    ],
)
def test_what_is_refused_says_why_and_is_noted(fork: Fork, source: str, right: str) -> None:
    """The exception names the right in a plain sentence; the trusted side is told its kind."""
    done = fork().run_cell(source)
    assert not done.ok
    assert right in done.felt
    assert set(done.tried) <= set(RIGHTS)
    if right in SENTENCES:
        assert SENTENCES[right] in text_of(done.outputs)


def test_the_learners_own_errors_are_no_refusal(fork: Fork) -> None:
    """A missing file, a failed assertion, a wrong permission of one's own making: nothing of ours."""
    session = fork()
    for source in ("open('missing.csv')", "assert False", "raise PermissionError('mine')"):
        done = session.run_cell(source)
        assert (done.ok, done.tried, done.felt) == (False, (), ())


def test_forged_rights_are_none(fork: Fork) -> None:
    """Of what a worker says that it was refused, only known words count."""
    session = fork()
    forge = "import sys\nserver = sys.modules['gradekit.worker.refusals']\n"
    session.run_cell(forge + "server.Refusals.begin = lambda self: (self.tried.append('x' * 999), self.felt.append(7))")
    done = session.run_cell("1")
    assert (done.tried, done.felt) == ((), ())


def test_libraries_take_it_for_a_notebook(fork: Fork) -> None:
    """The shell's class, its kernel and its settings are those of a notebook: pandas shows all columns of a table."""
    source = """
import pandas as pd
shell = get_ipython()
print(type(shell).__name__, "IPKernelApp" in shell.config, shell.kernel.shell is shell)
pd.DataFrame([[1] * 15], columns=[f"a_long_name_{number}" for number in range(15)])
"""
    done = fork().run_cell(source)
    said, table = done.outputs
    assert said["text"] == "ZMQInteractiveShell True True\n"
    assert "..." not in table["data"]["text/plain"]
    assert "a_long_name_7" in table["data"]["text/plain"]


def test_magics_of_a_notebook(fork: Fork) -> None:
    """Files are written, folders changed, values stored and modules reloaded, without a word of ours."""
    session = fork()
    assert printed(session, "%%writefile helper.py\ntwice = lambda x: 2 * x") == "Writing helper.py\n"
    assert printed(session, "%load_ext autoreload\n%autoreload 2\nfrom helper import twice\nprint(twice(2))") == "4\n"
    assert printed(
        session, "import os\nhere = os.getcwd()\nos.mkdir('data')\n%cd data\n%cd -q -\nprint(os.getcwd() == here)"
    )
    assert printed(session, "q = 5\n%store q\ndel q\n%store -r q\nprint(q)").endswith("5\n")
    done = session.run_cell("%autoreload 2\nprint(1)")
    assert [output["name"] for output in done.outputs] == ["stdout"]


def test_processes_locks_work_among_threads(fork: Fork) -> None:
    """Pools of threads, locks, semaphores, queues, values and shared memory do what one process may want of them."""
    source = """
import multiprocessing as mp
from multiprocessing import shared_memory
from multiprocessing.dummy import Pool
with Pool(2) as pool:
    print(pool.map(abs, [-1, 2]))
lock = mp.RLock()
with lock, lock:
    print("held", lock.acquire(False))
    lock.release()
semaphore = mp.BoundedSemaphore(1)
print(semaphore.acquire(), semaphore.acquire(timeout=0.01), semaphore.release())
try:
    semaphore.release()
except ValueError as error:
    print("ValueError", error)
try:
    mp.RLock().release()
except AssertionError as error:
    print("AssertionError", error)
queue, value = mp.Queue(), mp.Value("i", 3)
queue.put({"a": 1})
print(queue.get(timeout=5), value.value)
memory = shared_memory.SharedMemory(create=True, size=8)
again = shared_memory.SharedMemory(memory.name)
memory.buf[0] = 7
print(again.buf[0])
again.close(); memory.close(); memory.unlink()
event = mp.Event()
event.set()
print(event.wait(1))
"""
    assert printed(fork(), source).splitlines() == [
        "[1, 2]",
        "held True",
        "True False None",
        "ValueError semaphore or lock released too many times",
        "AssertionError attempt to release recursive lock not owned by thread",
        "{'a': 1} 3",
        "7",
        "True",
    ]


def test_the_process_has_a_name(fork: Fork) -> None:
    """Its own number has one, where the list of users is closed; a group's too."""
    source = """
import getpass, grp, os, pwd
print(getpass.getuser(), pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name)
"""
    assert printed(fork(), source) == "learner learner learner\n"


def test_what_a_stopped_cell_had_shown_is_kept(fork: Fork) -> None:
    """Where the time is up, what was printed before stays; of the interrupt itself nothing is shown."""
    session = fork(Limits(cell_s=0.5, call_s=5, submission_s=60))
    with pytest.raises(Stopped) as stopped:
        session.run_cell("print('before')\nwhile True: pass")
    assert [output["text"] for output in stopped.value.shown] == ["before\n"]
    assert session.alive


def test_the_assignments_own_modules_come_first(
    template: Template, fork: Fork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A helper beside the source is found before a package of its name; what a learner brought shadows nothing."""
    monkeypatch.setattr(template, "_modules", ("wave",))
    session = fork()
    for name in ("wave", "colorsys"):
        (session.line.worker.scratch / f"{name}.py").write_text("mine = True\n", encoding="utf-8")
    assert printed(session, "import wave\nprint(wave.mine)") == "True\n"
    assert printed(session, "import colorsys\nprint(hasattr(colorsys, 'mine'))") == "False\n"


def test_a_large_display_is_kept(fork: Fork) -> None:
    """A figure that brings its own library, 5 MB of HTML, is there for who looks; a megabyte printed is the most."""
    session = fork()
    done = session.run_cell(
        "from IPython.display import HTML, display\ndisplay(HTML('<b>' + 'a' * 5_000_000 + '</b>'))"
    )
    assert len(done.outputs[0]["data"]["text/html"]) > 5_000_000
    done = session.run_cell("for _ in range(400): print('a' * 10_000)")
    assert len(text_of(done.outputs)) < 1_100_000


def test_a_display_that_is_updated_is_shown_once(fork: Fork) -> None:
    """A display with a name changes where it stands; one of an earlier cell, or that is cleared, comes not again."""
    session = fork()

    def texts(source: str) -> list[str]:
        """Return what a cell displays."""
        return [output["data"]["text/plain"] for output in session.run_cell(source).outputs]

    assert texts("one = display('first', display_id=True)\ndisplay('other')\none.update('second')") == (
        ["'second'", "'other'"]
    )
    assert texts("one.update('third')") == []
    assert texts("two = display(1, display_id='two')\nfor n in range(3): two.update(n)\ndisplay(9)") == ["2", "9"]
    assert texts("from IPython.display import clear_output\ndisplay(1, display_id='x'); clear_output()") == []
    long = "three = display('', display_id='three')\nfor n in range(30): three.update('x' * 10**6)\nthree.update('y')"
    assert texts(long) == ["'y'"]


def test_the_first_run_draws_no_figure(fork: Fork) -> None:
    """What the template has drawn to warm up is nobody's picture."""
    session = fork()
    (shown,) = session.run_cell("%%writefile program.py\nprint('ran')").outputs
    assert shown["output_type"] == "stream"
    assert session.run_cell("%run program.py").outputs == [{"output_type": "stream", "name": "stdout", "text": "ran\n"}]


def test_a_stopped_cell_keeps_its_number(fork: Fork) -> None:
    """The number of a cell that its time limit stopped is one before that of the next."""
    session = fork(Limits(cell_s=0.5))
    with pytest.raises(Stopped) as stopped:
        session.run_cell("print('begun')\nwhile True: pass")
    assert (stopped.value.shown[0]["text"], stopped.value.count) == ("begun\n", 1)
    assert session.run_cell("1").count == 2


def test_a_names_help_is_shown_nowhere(fork: Fork) -> None:
    """What Jupyter opens beside the notebook is in no output; the last results are empty before there are any."""
    session = fork()
    assert session.run_cell("len?\nlen??").outputs == []
    (shown,) = session.run_cell("_, __, ___").outputs
    assert shown["data"]["text/plain"] == "('', '', '')"


# --- figures that nobody will look at --------------------------------------------------------------------------------

INSTEAD = "(a line in its place)"
COUNTING = """
import matplotlib.figure, matplotlib.pyplot as plt
draws, draw = [], matplotlib.figure.Figure.draw
matplotlib.figure.Figure.draw = lambda figure, *args, **kwargs: (draws.append(1), draw(figure, *args, **kwargs))[1]
def picture():
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    plt.show()
    return len(draws)
"""


@pytest.mark.parametrize("show", ["plt.show()", "pass", "%matplotlib inline", "display(plt.gcf()); plt.close()"])
def test_a_figure_is_its_line_of_text(fork: Fork, show: str) -> None:
    """However it is shown, it is not drawn, a line says so, and it is closed as the inline backend closes it."""
    session = fork()
    session.run_cell(COUNTING)
    done = session.run_cell(f"plt.plot([1, 2])\n{show}", undrawn=INSTEAD)
    text = f"<Figure size 640x480 with 1 Axes>\n{INSTEAD}"
    shown = {"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}}
    assert (done.ok, done.outputs) == (True, [shown])
    assert printed(session, "print(len(draws), plt.get_fignums())") == "0 []\n"


def test_a_figure_as_a_cells_value(fork: Fork) -> None:
    """The value of a last line is the same line, with its number."""
    source = "from matplotlib.figure import Figure\nFigure()"
    (value,) = fork().run_cell(source, undrawn=INSTEAD).outputs
    assert value["output_type"] == "execute_result"
    assert value["data"] == {"text/plain": f"<Figure size 640x480 with 0 Axes>\n{INSTEAD}"}
    assert type(value["execution_count"]) is int


def test_pixels_that_the_code_asks_for(fork: Fork) -> None:
    """Saved, drawn, read: what the learner's code asks for is there; other pictures are shown as ever."""
    source = """
import io
import numpy as np
import matplotlib.pyplot as plt
from PIL import Image
plt.plot([1, 2])
figure = plt.gcf()
file = io.BytesIO()
figure.savefig(file)
figure.canvas.draw()
pixels = np.asarray(figure.canvas.buffer_rgba())
print(len(figure.axes), file.getvalue()[:4], pixels.shape, pixels.min() < 255)
Image.new("RGB", (2, 2))
"""
    said, picture, figure = fork().run_cell(source, undrawn=INSTEAD).outputs
    assert said["text"] == "1 b'\\x89PNG' (480, 640, 4) True\n"
    assert "image/png" in picture["data"]
    assert figure["data"]["text/plain"].endswith(INSTEAD)


def test_a_figure_to_whose_drawing_something_listens(fork: Fork) -> None:
    """An animation begins when its figure is drawn, and warns where it never was."""
    source = """
import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation
figure, axes = plt.subplots()
moving = FuncAnimation(figure, lambda number: [], frames=2)
plt.show()
del moving
"""
    (figure,) = fork().run_cell(source, undrawn=INSTEAD).outputs
    assert "image/png" in figure["data"]


def test_a_figure_of_a_hidden_call_is_not_drawn(fork: Fork) -> None:
    """Where nothing is kept, nothing is drawn."""
    session = fork()
    session.run_cell(COUNTING)
    assert session.call(("picture",), (), {}) == (0, None)
    session.run_cell("picture()", keep=False)
    assert session.get(("draws",)) == []
    session.run_cell("picture()")
    assert session.get(("draws",)) != []


# --- what is done once for all workers -------------------------------------------------------------------------------

WATCH = """
import sys
compiled = []
sys.addaudithook(lambda event, args: compiled.append(str(args[1])) if event == "compile" else None)
"""


def test_a_module_of_the_assignments_is_compiled_once(fork: Fork, tmp_path: Path) -> None:
    """It comes to every worker compiled; where a cell has changed its text, the text counts."""
    (tmp_path / "helper.py").write_text("value = 3\n")
    (tmp_path / "broken.py").write_text("value = (\n")
    beside = compiled_modules(tmp_path)
    assert [name.split(".")[0] for name in beside] == ["__pycache__/helper"]
    for change, expected, count in (("", 3, 0), ("open('helper.py', 'w').write('value = 4')", 4, 1)):
        session = fork()
        session.line.worker.put(tmp_path, beside)
        session.run_cell(WATCH + change)
        session.run_cell("import helper\nvalue, own = helper.value, [name for name in compiled if 'helper' in name]")
        assert (session.get(("value",)), len(session.get(("own",)))) == (expected, count)


def test_a_module_that_is_kept_back_goes_to_nobody(tmp_path: Path) -> None:
    """Compiled or not: a learner gets what lies in the submission, with the very text that was compiled."""
    source, files = tmp_path / "source", tmp_path / "files"
    for folder, names in ((source, ("given", "kept", "changed", "linked")), (files, ("given", "changed"))):
        folder.mkdir()
        for name in names:
            (folder / f"{name}.py").write_text(f"value = '{name}'\n")
    (files / "changed.py").write_text("value = 'mine'\n")
    (files / "linked.py").symlink_to(source / "linked.py")
    setup = SimpleNamespace(compiled=compiled_modules(source))
    assert len(setup.compiled) == 4
    assert list(judge._compiled_of(setup, SimpleNamespace(files=files))) == [
        f"__pycache__/given.{sys.implementation.cache_tag}.pyc"
    ]


def test_a_file_called_as_our_folder(fork: Fork, tmp_path: Path) -> None:
    """A submission may have a file where compiled modules would lie: then they are left out."""
    (tmp_path / "__pycache__").write_text("mine")
    session = fork()
    session.line.worker.put(tmp_path, {"__pycache__/helper.pyc": b"", "own.ipynb": b"{}"})
    assert printed(session, "print(open('__pycache__').read(), open('own.ipynb').read())") == "mine {}\n"


def test_an_exception_that_nobody_reads_has_no_traceback(fork: Fork) -> None:
    """Of a cell whose outputs are dropped the error is told, and not drawn up in colours."""
    for source in ("1 / 0", "x = ("):
        shown, dropped = fork().run_cell(source), fork().run_cell(source, keep=False)
        (seen,), (bare,) = shown.outputs, dropped.outputs
        assert (shown.ok, dropped.ok, seen["ename"]) == (False, False, bare["ename"])
        assert "\x1b[" in "".join(seen["traceback"])
        assert bare["traceback"] == [f"{bare['ename']}: {bare['evalue']}"]


def test_a_traceback_has_the_colours_of_jupyter(fork: Fork) -> None:
    """What is remembered of pygments' lists of words changes no colour: builtins, keywords and names differ."""
    (error,) = fork().run_cell("def f(x):\n    return [len(x) for _ in range(2)]\nf(1)").outputs
    plain = "\n".join(error["traceback"])
    assert "Cell" in plain
    assert "line 2" in plain
    for word in ("def", "return", "len", "range"):
        assert f"m{word}\x1b[" in plain


def test_what_the_source_imports_is_there_already() -> None:
    """A heavy package that the source imports is in every worker before a cell asks; none of the name of ours is."""
    imports = ("pandas", "json", "PIL.Image", "scipy.no_such_module", "sympy")
    with run_template(imports=imports, modules=("sympy",)) as running:
        session = Session(running.fork(QUICK), QUICK, time.monotonic() + QUICK.submission_s)
        loaded = "import sys\nprint([name for name in ('pandas', 'PIL.Image', 'sympy') if name in sys.modules])"
        assert printed(session, loaded) == "['pandas', 'PIL.Image']\n"
        assert not session.run_cell("pandas").ok
        assert printed(session, "import pandas as pd\nprint(pd.Series([1, 2]).sum())") == "3\n"
        assert printed(session, "print(pd.options.display.max_columns, In[-1][:5])") == "20 print\n"  # of a notebook
        session.end()


@pytest.mark.parametrize("before", ["print('x' * 2_000_000)", "for _ in range(20): display('y' * 10**6)"])
def test_the_value_of_a_cell_comes_through_whatever_was_shown_before(fork: Fork, before: str) -> None:
    """A score is read from it: no value would be full marks. One comes, however often one is asked for."""
    source = f"import sys\n{before}\nfor n in range(5): sys.displayhook(n)\n0.25"
    results = [one for one in fork().run_cell(source).outputs if one["output_type"] == "execute_result"]
    assert [one["data"] for one in results] == [{"text/plain": "0"}]
    (result,) = (one for one in fork().run_cell(f"{before}\n0.25").outputs if one["output_type"] == "execute_result")
    assert result["data"] == {"text/plain": "0.25"}


ASKS = (
    "ax.get_position().x0.round(6)",
    "ax.get_position(original=True).x0.round(6)",
    "ax.transAxes.transform((0, 0)).round(4)",
    "ax.transData.transform((0, 0)).round(4)",
    "ax.bbox.x0.round(4)",
    "beside.get_position().x0.round(6)",
    "pickle.loads(pickle.dumps(fig)).axes[0].get_position().x0.round(6)",
    "(fig.savefig('a.png'), ax.get_position().x0.round(6))[1]",
    "(ax.set_position([0, 0, 1, 1]), beside.get_position().x0.round(6))[1]",
)


# In every run every way to ask of one layout, and three of the others.
@pytest.mark.parametrize(
    ("layout", "asks"),
    [
        *(("constrained", asks) for asks in ASKS),
        *(
            pytest.param(layout, asks, marks=[] if asks in ASKS[::4] else [pytest.mark.slow])
            for layout in ("compressed", "tight")
            for asks in ASKS
        ),
    ],
)
def test_a_layout_is_where_drawing_would_have_put_it(fork: Fork, layout: str, asks: str) -> None:
    """Code after an undrawn figure finds its axes as after a drawn one, however it asks."""
    made = f"import pickle\nimport matplotlib.pyplot as plt\nfig, (ax, beside) = plt.subplots(1, 2, layout={layout!r})"
    source = f"{made}\nax.set_ylabel('x\\n' * 6)\nax.plot([1, 2])\nax.transData.transform((0, 0))\nplt.show()"
    drawn, undrawn = fork(), fork()
    drawn.run_cell(source)
    undrawn.run_cell(source, undrawn=INSTEAD)
    assert printed(drawn, f"print({asks})") == printed(undrawn, f"print({asks})")


@pytest.mark.parametrize(
    ("before", "asks"),
    [
        ("within = ax.inset_axes([0.5, 0.5, 0.3, 0.3])", "within.get_position().x0.round(6)"),
        ("above = ax.secondary_xaxis('top')", "above.get_position().x0.round(6)"),
        ("", "copy.copy(ax._position).x0.round(6)"),
        ("", "(fig.set_layout_engine('none'), ax.get_position().x0.round(6))[1]"),
        ("", "(fig.set_layout_engine('tight'), ax.get_position().x0.round(6))[1]"),
        ("ax.axis('equal')", "(ax.get_xlim()[1].round(6), ax.get_ylim()[1].round(6))"),
        (
            "beside = fig.add_axes([0, 0, 1, 1])\nbeside._position = ax._position",
            "[one.get_position().x0.round(6) for one in (ax, beside)]",
        ),
    ],
)
def test_a_layout_holds_for_all_that_lies_in_a_figure(fork: Fork, before: str, asks: str) -> None:
    """Axes within axes, limits of an equal scale, and places that are copied are as after drawing too."""
    made = "import copy\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots(layout='constrained')"
    source = f"{made}\nax.plot([1, 2])\nax.set_ylabel('x\\n' * 6)\n{before}\nplt.show()"
    drawn, undrawn = fork(), fork()
    drawn.run_cell(source)
    undrawn.run_cell(source, undrawn=INSTEAD)
    assert printed(drawn, f"print({asks})") == printed(undrawn, f"print({asks})")


def test_a_layout_moves_figures_within_a_figure(fork: Fork) -> None:
    """Where a figure holds others, these are where drawing puts them."""
    made = "import matplotlib.pyplot as plt\nfig = plt.figure(layout='constrained')\nleft, right = fig.subfigures(1, 2)"
    undrawn = fork()
    undrawn.run_cell(f"{made}\nleft.subplots()\nfig.suptitle('x\\n' * 6)\nplt.show()", undrawn=INSTEAD)
    assert printed(undrawn, "print(left.bbox.y1 < fig.bbox.y1)") == "True\n"


@pytest.mark.parametrize("keep", [True, False])
def test_a_layout_moves_the_axes(fork: Fork, *, keep: bool) -> None:
    """Where nobody keeps what a cell shows, its axes are where drawing puts them too."""
    made = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(layout='constrained')"
    undrawn = fork()
    undrawn.run_cell(f"{made}\nax.set_ylabel('x\\n' * 6)\nplt.show()", undrawn=INSTEAD, keep=keep)
    assert printed(undrawn, "print(ax.get_position().x0.round(6))") != "0.125\n"


def test_a_layout_that_fails_stops_no_later_cell(fork: Fork) -> None:
    """A figure that cannot be drawn failed where it was shown, not where its axes are asked for."""
    made = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(layout='constrained')"
    undrawn = fork()
    undrawn.run_cell(f"{made}\nax.set_title(r'$\\frac{{$')\nplt.show()", undrawn=INSTEAD)
    assert printed(undrawn, "print(ax.get_position().x0.round(6))") == "0.125\n"


def test_a_lexer_of_a_learners_own_has_all_of_its_grammar(fork: Fork) -> None:
    """A lexer that takes rules from two others has both; a formatter with colours of its own has those."""
    session = fork()
    lexer = "class A(RegexLexer): tokens = {'root': []}\nclass B: tokens = {'more': []}\nclass C(A, B): pass\nA()"
    assert printed(session, f"from pygments.lexer import RegexLexer\n{lexer}\nprint(*C()._tokens)") == "root more\n"
    formatter = "class F(Terminal): _closest_color = lambda *_: 1\nprint(Terminal().style_string == F().style_string)"
    assert (
        printed(session, f"from pygments.formatters import Terminal256Formatter as Terminal\n{formatter}") == "False\n"
    )


def test_a_traceback_is_coloured_the_same_each_time(fork: Fork) -> None:
    """Colours and grammar are worked out once; they are those of IPython's own."""
    session = fork()
    source = "def f(x):\n    return 1 / x  # a remark\n\nf(0)"
    first, second = (session.run_cell(source).outputs[0]["traceback"] for _ in range(2))
    assert [line.replace("[2]", "[1]") for line in second] == first
    assert any("\x1b[38;5;" in line for line in first)
