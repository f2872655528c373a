"""IPython's shell, made once in the template, and what its cells show: bounded, in the notebook's own form."""

from __future__ import annotations

import base64
import builtins
import os
import sys
from contextlib import nullcontext
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

TEXT_LIMIT = 300  # characters of an exception's text that a learner gets to read
ERROR_TEXT = 10_000  # characters of it in a cell's output
OUTPUT_BYTES = 10**6  # of one cell
ONE_OUTPUT = 100  # bytes that an output counts for itself, however short: a frame holds so many items


class Outputs(list[dict[str, Any]]):
    """What a cell shows, in the notebook's own form; bounded, and dropped while a hidden test calls."""

    def __init__(self) -> None:
        super().__init__()
        self.left = OUTPUT_BYTES
        self.open = True

    def begin(self, *, keep: bool) -> None:
        """Forget what was shown and open, or close, the page."""
        self.clear()
        self.left, self.open = OUTPUT_BYTES, keep

    def add(self, output: dict[str, Any], size: int) -> None:
        """Add an output of about that size; the first one too many leaves a note and closes the page."""
        if not self.open:
            return
        last = self[-1] if self else {}
        more = output["output_type"] == "stream" == last.get("output_type") and output["name"] == last["name"]
        self.left -= size if more else size + ONE_OUTPUT
        if self.left < 0:
            self.open = False
            note = "\n... more output than is kept: the rest is gone\n"
            more, output = False, {"output_type": "stream", "name": "stdout", "text": note}
        if more:
            last["parts"].append(output["text"])
        else:
            self.append({**output, "parts": [output["text"]]} if output["output_type"] == "stream" else output)

    def shown(self) -> list[dict[str, Any]]:
        """Return the outputs, each stream's text in one piece."""
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
            fits = as_utf8(text[: self._outputs.left + 1])
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
        self.shell.outputs.add({**shown, "data": encoded(format_dict), "metadata": {}}, _size(format_dict))

    def finish_displayhook(self) -> None:
        """End without the line that a terminal needs."""
        self._is_active = False


class DisplayWriter(DisplayPublisher):  # type: ignore[misc]  # IPython is untyped
    """Puts what is displayed into the outputs: figures, tables."""

    def publish(self, data: dict[str, Any], metadata: dict[str, Any] | None = None, **_: Any) -> None:  # noqa: ARG002  (IPython's signature)
        """Show data, without metadata."""
        shown = {"output_type": "display_data", "data": encoded(data), "metadata": {}}
        self.shell.outputs.add(shown, _size(data))

    def clear_output(self, wait: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  (IPython's signature)
        """Forget what was shown."""
        self.shell.outputs.clear()


class Shell(InteractiveShell):  # type: ignore[misc]  # IPython is untyped
    """IPython's shell, which shows into `outputs`."""

    displayhook_class = ResultHook
    display_pub_class = DisplayWriter
    outputs: Outputs

    def _tee(self, channel: str) -> Any:  # noqa: ARG002  (IPython's signature)
        return nullcontext()  # IPython 9 would keep all that is printed for its history, a gigabyte where it comes

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: there is no screen."""

    def init_io(self) -> None:
        """Do nothing: the streams are ours."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        text = [as_utf8(str(line)) for line in stb]
        self.outputs.add(error_output(etype.__name__, str(evalue), text), sum(map(len, text)))


def make_shell(outputs: Outputs) -> Shell:
    """Make IPython's shell, with matplotlib's inline backend, writing into `outputs`."""
    sys.stdout, sys.stderr = Stream(outputs, "stdout"), Stream(outputs, "stderr")
    builtins.input = _no_input
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    settings = Config()
    settings.HistoryManager.enabled = False  # its thread would not survive a fork
    shell: Shell = Shell.instance(config=settings, user_ns={})  # display() looks for the instance
    shell.outputs = outputs
    shell.user_ns["__name__"] = "__main__"
    shell.run_cell("%matplotlib inline")
    _warm(shell)
    outputs.begin(keep=True)
    return shell


def _warm(shell: Shell) -> None:
    """Do once what costs time the first time: a figure, a coloured traceback, a displayed array."""
    shell.run_cell("import matplotlib.pyplot as plt, numpy as np\nplt.plot([1]); plt.title('$x_t$')\nplt.show()")
    shell.run_cell("def f():\n    return np.ones(2) @ np.ones(3)\nf()")
    shell.run_cell("np.ones(2)")
    shell.reset(new_session=True)
    shell.user_ns["__name__"] = "__main__"


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
    # A picture is not text: 30 figures of 20 kB each are an honest notebook.
    return sum(
        len(value) // (20 if isinstance(value, bytes) else 1) for value in data.values() if hasattr(value, "__len__")
    )
