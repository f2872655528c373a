"""IPython's shell, made once in the template, and what its cells show: bounded, in the notebook's own form."""

from __future__ import annotations

import base64
import builtins
import functools
import inspect
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pygments.lexer
import stack_data
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import LSString, SList
from pygments.formatters.terminal256 import Terminal256Formatter
from traitlets.config import Config

from gradekit.worker import programs
from gradekit.worker.refusals import Refusals
from gradekit.worker.undrawn import is_mere_figure, leave_undrawn

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT_LIMIT = 300  # characters of an exception's text that a learner gets to read
ERROR_TEXT = 10_000  # characters of it in a cell's output
PLAIN = "text/plain"
OUTPUT_BYTES = 8 * 10**6  # of one cell: a picture that moves brings a library of 5 MB
PRINTED_BYTES = 10**6  # of one cell's text streams
SCRIPTS = frozenset({"script", "sh", "bash", "perl", "ruby", "pypy", "python", "python2", "python3", "cmd"})
ONE_OUTPUT = 800  # bytes that an output counts for itself, however short: a frame holds so many items


class Outputs(list[dict[str, Any]]):
    """What a cell shows, in the notebook's own form; bounded, and dropped while a hidden test calls.

    Attributes
    ----------
    undrawn : str
        The line that stands for a figure's picture; empty where figures are drawn.
    written : Written or None
        What is written past Python, where that is kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left, self.printable = OUTPUT_BYTES, PRINTED_BYTES
        self.kept = self.open = True
        self.undrawn = ""
        self.named: dict[str, list[dict[str, Any]]] = {}  # displays of this cell that can be updated
        self.written: programs.Written | None = None

    def begin(self, *, keep: bool, undrawn: str = "") -> None:
        """Forget what was shown and open, or close, the page."""
        self.take_written()
        self.clear()
        self.named.clear()
        self.left, self.printable, self.open, self.kept = OUTPUT_BYTES, PRINTED_BYTES, keep, keep
        self.undrawn = undrawn

    def take_written(self) -> None:
        """Add what was written past Python until now."""
        for name, text in self.written.take() if self.written is not None else ():
            self._put({"output_type": "stream", "name": name, "text": text}, len(text))

    def add(self, output: dict[str, Any], size: int) -> None:
        """Add an output of about that size; the first one too many leaves a note and closes the page."""
        self.take_written()
        self._put(output, size)

    def add_result(self, output: dict[str, Any], size: int) -> None:
        """Add the value of a cell: what is read as a score comes through, however much was shown before it."""
        self.add(output, size)
        if self.kept and not self.open and all(found["output_type"] != "execute_result" for found in self):
            text = {kind: as_utf8(str(said)[:ERROR_TEXT]) for kind, said in output["data"].items() if kind == PLAIN}
            self.append({**output, "data": text})

    def _put(self, output: dict[str, Any], size: int) -> None:
        if not self.open:
            return
        last = self[-1] if self else {}
        more = output["output_type"] == "stream" == last.get("output_type") and output["name"] == last["name"]
        self.left -= size if more else size + ONE_OUTPUT
        self.printable -= size if output["output_type"] == "stream" else 0
        if min(self.left, self.printable) < 0:
            self.open = False
            note = "\n... more output than is kept: the rest is gone\n"
            more, output = False, {"output_type": "stream", "name": "stdout", "text": note}
        if more:
            last["parts"].append(output["text"])
        else:
            self.append({**output, "parts": [output["text"]]} if output["output_type"] == "stream" else output)

    def update(self, name: str, data: dict[str, Any]) -> None:
        """Put other data into what this cell has displayed by that name; what another cell did stays as it is."""
        for output in self.named.get(name, ()) if self.open else ():
            self.left += _size(output["data"]) - _size(data)
            if self.left >= 0:
                output["data"] = data

    def shown(self) -> list[dict[str, Any]]:
        """Return the outputs, each stream's text in one piece."""
        self.take_written()
        return [
            {"output_type": "stream", "name": output["name"], "text": "".join(output["parts"])}
            if output["output_type"] == "stream"
            else output
            for output in self
        ]


class Stream:
    """A text stream that writes into the cell's outputs."""

    encoding, errors, closed = "utf-8", "replace", False

    def __init__(self, outputs: Outputs, name: str) -> None:
        self._outputs, self._name = outputs, name

    def write(self, text: str) -> int:
        """Show a text, what fits of it."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._outputs.open and text:
            fits = as_utf8(text[: min(self._outputs.left, self._outputs.printable) + 1])
            self._outputs.add({"output_type": "stream", "name": self._name, "text": fits}, len(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Show several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def isatty(self) -> bool:
        """Tell that nobody types here."""
        return False

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def readable(self) -> bool:
        """Tell that it cannot be read."""
        return False

    seekable = readable

    def fileno(self) -> int:
        """Refuse, as Jupyter's streams do."""
        raise OSError("no file descriptor stands behind this stream")


def error_output(kind: str, text: str, trace: list[str]) -> dict[str, Any]:
    """Return an exception in the notebook's form."""
    kind, text = as_utf8(kind[:TEXT_LIMIT]), as_utf8(text[:ERROR_TEXT])
    return {"output_type": "error", "ename": kind, "evalue": text, "traceback": trace or [f"{kind}: {text}"]}


def as_utf8(text: str) -> str:
    """Return a text that can be written as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


class ResultHook(DisplayHook):  # type: ignore[misc]  # IPython is untyped
    """Puts the value of a cell's last line into the outputs."""

    def write_output_prompt(self) -> None:
        """Do nothing: a notebook's cell has a number of its own."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:  # noqa: ARG002  (IPython's signature)
        """Show a value. Metadata stay here: no page of ours keeps them, and nothing would bound them."""
        shown = {"output_type": "execute_result", "execution_count": 0}  # known at the cell's end
        self.shell.outputs.add_result({**shown, "data": encoded(format_dict), "metadata": {}}, _size(format_dict))

    def finish_displayhook(self) -> None:
        """End without the line that a terminal needs."""
        self._is_active = False


class DisplayWriter(DisplayPublisher):  # type: ignore[misc]  # IPython is untyped
    """Puts what is displayed into the outputs: figures, tables."""

    def publish(self, data: dict[str, Any], metadata: dict[str, Any] | None = None, **words: Any) -> None:  # noqa: ARG002  (IPython's signature)
        """Show data, without metadata; where an earlier display is to be updated, in its place."""
        name = str((words.get("transient") or {}).get("display_id", ""))
        if words.get("update"):
            self.shell.outputs.update(name, encoded(data))
            return
        shown = {"output_type": "display_data", "data": encoded(data), "metadata": {}}
        self.shell.outputs.add(shown, _size(data))
        if name:
            self.shell.outputs.named.setdefault(name, []).append(shown)

    def clear_output(self, wait: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  (IPython's signature)
        """Forget what was shown."""
        self.shell.outputs.clear()


class Formats(DisplayFormatter):  # type: ignore[misc]  # IPython is untyped
    """What a value looks like in every form; a figure that nobody will look at is its line of text.

    Drawing it is most of what it costs. Whoever asks for its pixels (``savefig``, ``fig.canvas.draw()``) draws it.
    """

    def format(self, obj: Any, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a value's forms and their metadata; none where nobody keeps them."""
        outputs = self.parent.outputs
        if (outputs.open and not outputs.undrawn) or not is_mere_figure(obj):
            found: tuple[dict[str, Any], dict[str, Any]] = super().format(obj, include, exclude)
            return found
        leave_undrawn(obj)
        if not outputs.open:
            return {}, {}
        data, _ = super().format(obj, (PLAIN,))
        return {PLAIN: f"{data.get(PLAIN, '')}\n{outputs.undrawn}"}, {}


class Compiler(CachingCompiler):  # type: ignore[misc]  # IPython is untyped
    """Names cells as IPython does, and says at once that no module lies there.

    For each frame of a traceback `inspect` would look through all modules for the file that is a cell.
    """

    def cache(self, *args: Any, **kwargs: Any) -> str:
        """Name a cell's text, and keep it."""
        name: str = super().cache(*args, **kwargs)
        inspect.modulesbyfile |= dict.fromkeys((name, str(Path(name).absolute())), "")
        return name


class Kernel:
    """What libraries that look for a notebook's kernel find: that there is one, and nobody at its other end."""

    implementation, banner = "ipython", ""
    language_info: ClassVar = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
    session = iopub_socket = comm_manager = None

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.user_ns = shell.user_ns

    def get_parent(self, *_: object) -> dict[str, Any]:
        """Return the message that is being answered: none."""
        return {}


class Shell(InteractiveShell):  # type: ignore[misc]  # IPython is untyped
    """IPython's shell, which shows into `outputs`.

    Attributes
    ----------
    refusals : Refusals
        Where commands are refused, it answers them.
    """

    displayhook_class = ResultHook
    display_pub_class = DisplayWriter
    compiler_class = Compiler
    outputs: Outputs
    refusals: Refusals
    kernel: Kernel

    def begin(self, folder: str) -> None:
        """Stand in a notebook's folder, in a process of its own."""
        self.user_ns["_dh"][:] = [folder]
        self.kernel = Kernel(self)
        self.db: dict[str, Any] = {}  # what %store keeps lasts as long as the notebook runs
        if self.refusals.commands:
            for name in self.magics_manager.magics["cell"].keys() & SCRIPTS:
                self.register_magic_function(self._script, "cell", name)

    def system(self, cmd: str) -> None:
        """Answer ``!command``: with a line, where no program can be started."""
        if self.refusals.commands:
            self.user_ns["_exit_code"] = self.refusals.command(cmd) >> 8
        elif self.refusals.closed:
            self.user_ns["_exit_code"] = programs.run(self.var_expand(cmd, depth=1))
        else:
            super().system(cmd)

    system_piped = system_raw = system

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:  # noqa: FBT001, FBT002  (IPython's signature)
        """Answer ``x = !command``: with no line at all, where no program can be started."""
        if self.refusals.commands:
            self.system(cmd)
            return SList() if split else LSString()
        if not self.refusals.closed:
            return super().getoutput(cmd, split, depth + 1)
        # subprocess.run notes a status that says of a failure, IPython's own way forgets it
        done = subprocess.run(self.var_expand(cmd, depth=depth + 1), shell=True, capture_output=True, text=True)  # noqa: S602, PLW1510  (the learner's own)
        sys.stdout.write(done.stderr)
        return SList(done.stdout.splitlines()) if split else LSString(done.stdout)

    def _script(self, _line: str, _cell: str) -> None:
        self.system("")

    def _tee(self, channel: str) -> Any:  # noqa: ARG002  (IPython's signature)
        return nullcontext()  # IPython 9 would keep all that is printed for its history, a gigabyte where it comes

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: there is no screen."""

    def init_io(self) -> None:
        """Do nothing: the streams are ours."""

    def init_display_formatter(self) -> None:
        """Make the one that does without drawing."""
        self.display_formatter = Formats(parent=self)
        self.configurables.append(self.display_formatter)

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Show an exception where somebody reads it: its colours are most of what it costs."""
        if self.outputs.open:
            super().showtraceback(*args, **kwargs)

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        """Show a syntax error where somebody reads it."""
        if self.outputs.open:
            super().showsyntaxerror(*args, **kwargs)

    def _format_exception_for_storage(self, *_: object, **__: object) -> dict[str, Any]:
        """Keep nothing: IPython 9 would make each traceback once more, for its history."""
        return {}

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        text = [as_utf8(str(line)) for line in stb]
        self.outputs.add(error_output(etype.__name__, str(evalue), text), sum(map(len, text)))


# By this name, and the module's, libraries know a notebook from a terminal: a table then shows all its columns.
Shell.__name__ = Shell.__qualname__ = "ZMQInteractiveShell"
Shell.__module__ = "ipykernel.zmqshell"


def make_shell(outputs: Outputs) -> Shell:
    """Make IPython's shell, with matplotlib's inline backend, writing into `outputs`."""
    sys.stdout, sys.stderr = Stream(outputs, "stdout"), Stream(outputs, "stderr")
    builtins.input = _no_input
    _keep_colours()
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    settings = Config()
    settings.HistoryManager.enabled = False  # its thread would not survive a fork
    settings.IPKernelApp.connection_file = ""  # libraries take it for a notebook where this section is
    shell: Shell = Shell.instance(config=settings, user_ns={})  # display() looks for the instance
    shell.outputs, shell.refusals = outputs, Refusals()
    shell.extension_manager.load_extension("storemagic")  # as a kernel does
    shell.user_ns["__name__"] = "__main__"
    shell.set_hook("show_in_pager", _no_pager)
    shell.run_cell("%matplotlib inline")
    _warm(shell)
    _show_before_drawing()
    return shell


def _warm(shell: Shell) -> None:
    """Do once what costs time the first time: a figure, a coloured traceback, a displayed array."""
    shell.run_cell("import matplotlib.pyplot as plt, numpy as np\nplt.plot([1]); plt.title('$x_t$')\nplt.show()")
    shell.run_cell("plt.draw_if_interactive.called = False")  # else the first %run would find a figure to draw
    shell.run_cell("def f():\n    return np.ones(2) @ np.ones(3)\nf()")
    shell.run_cell("np.ones(2)")
    _forget(shell)


def _keep_colours() -> None:
    """Let pygments work out its grammar and its colours once: each traceback has classes of its own."""
    made = functools.cache(stack_data.core.style_with_executing_node)
    stack_data.style_with_executing_node = made  # type: ignore[attr-defined]
    work_out, known = Terminal256Formatter._setup_styles, {}  # noqa: SLF001  (there is no public way)

    def set_up_styles(formatter: Any) -> None:
        """Take what a style's colours are in a terminal from another formatter of it."""
        key = (type(formatter), formatter.style, formatter.usebold, formatter.useunderline, formatter.useitalic)
        if key not in known:
            work_out(formatter)
            known[key] = formatter.style_string
        formatter.style_string = known[key]

    Terminal256Formatter._setup_styles = set_up_styles  # noqa: SLF001
    make = pygments.lexer.RegexLexerMeta.__call__

    def make_lexer(kind: Any, *args: Any, **words: Any) -> Any:
        """Take the grammar of a class that adds nothing to it from the class before it."""
        before, *others = kind.__bases__
        own = kind.__dict__.keys() & {"_tokens", "tokens", "token_variants", "flags"}
        if not own and not others and "_tokens" in before.__dict__:
            kind._tokens, kind._all_tokens, kind._tmpname = before._tokens, {}, 0  # noqa: SLF001
        return make(kind, *args, **words)

    pygments.lexer.RegexLexerMeta.__call__ = make_lexer


def _show_before_drawing() -> None:
    """Let figures be shown, and closed, before pyplot draws those that are open at a cell's end: for nothing, then."""
    from matplotlib import pyplot as plt  # noqa: PLC0415  (after its backend was chosen)

    plt.uninstall_repl_displayhook()  # it was called first
    plt.install_repl_displayhook()


def import_once(shell: Shell, modules: Iterable[str]) -> None:
    """Import modules for all workers, in a cell: what a library finds there of the notebook it is in, it keeps.

    One that fails is passed over; a worker says what is wrong with it, where a cell asks for it.
    """
    shell.kernel = Kernel(shell)
    for name in modules:
        shell.run_cell(f"import {name}")
    _forget(shell)


def _forget(shell: Shell) -> None:
    """Let a notebook begin: nothing has been run or shown."""
    shell.reset(new_session=True)
    shell.user_ns |= {"__name__": "__main__", "_": "", "__": "", "___": ""}
    shell.outputs.begin(keep=True)


def _no_pager(_shell: Shell, _text: object, **_: object) -> None:
    """Show nothing of what Jupyter opens beside the notebook, and stores nowhere: a name's help."""


def _no_input(prompt: object = "") -> str:
    raise StdinNotImplementedError("input() was called, but nobody is there to type: " + str(prompt)[:80])


def encoded(data: dict[str, Any]) -> dict[str, Any]:
    """Return display data as the notebook keeps them: pictures in base64, texts as they are, the rest left out."""
    texts = {}
    for kind, value in data.items():
        if isinstance(value, bytes):
            texts[str(kind)] = base64.encodebytes(value).decode("ascii")
        elif isinstance(value, str):
            texts[str(kind)] = as_utf8(value)
    return texts


def _size(data: dict[str, Any]) -> int:
    return sum(len(value) for value in data.values() if hasattr(value, "__len__"))
