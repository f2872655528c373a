"""The untrusted side: runs a learner's cells and answers calls, in a process that has dropped every right.

Nothing here is secret and nothing here is believed: the learner's code shares the process and may replace all of it.
The trusted side asks with frames ``{"n": number, "do": word, ...}``; each gets one answer with the same number. While
a call runs, the worker may itself ask: a stub's call travels back (``{"n", "stub", ...}``) and is answered before the
call goes on. IPython's shell is made once, in the template, and comes here by fork.
"""

from __future__ import annotations

import ast
import base64
import builtins
import importlib
import linecache
import os
import signal
import sys
import traceback
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.wire import AXES, FRAME_BYTES, ITEMS, Channel, Ref, WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from IPython.core.interactiveshell import InteractiveShell

TEXT_LIMIT = 300  # characters of an exception's text that a learner gets to read
ERROR_TEXT = 10_000  # characters of it in a cell's output
DEPTH_LIMIT = 20  # of containers in containers
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
            fits = _utf8(text[: self._outputs.left + 1])
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


class Stub:
    """An object or a function of the trusted side: whatever is done with it is asked for over the line."""

    def __init__(self, worker: Worker, ref: Ref) -> None:
        self._gradekit = (worker, ref)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it over there."""
        worker, ref = self._gradekit
        return worker.ask_back(ref, "", args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        worker, ref = self._gradekit
        return worker.ask_back(ref, name, None, {})

    def __repr__(self) -> str:
        return f"<{self._gradekit[1].text}>"


class Worker:
    """Runs cells and answers calls until the line closes.

    Parameters
    ----------
    channel : Channel
        The line to the trusted side.
    shell : InteractiveShell
        With `outputs` as what its displays write into.
    """

    def __init__(self, channel: Channel, shell: InteractiveShell, outputs: Outputs) -> None:
        self.channel, self.shell, self.outputs = channel, shell, outputs
        self.objects: list[Any] = []
        self.number = 0
        self.room = 0  # items that the frame being made may still hold
        self.interruptible = self.interrupted = False
        self.actions: dict[str, Callable[[dict[str, Any]], Any]] = {
            "cell": self._cell,
            "call": self._call,
            "get": self._get,
            "seed": self._seed,
            "library": self._library,
            "bind": self._bind,
            "define": self._define,
        }

    def serve(self) -> None:
        """Answer until the other side is gone."""
        signal.signal(signal.SIGINT, self._interrupt)
        while True:
            frame = self.channel.receive()
            self.interrupted = False  # one that came too late
            self._answer(frame)

    def _answer(self, frame: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"n": frame["n"]}
        try:
            answer["value"] = self.actions[frame["do"]](frame)
        except BaseException as error:  # noqa: BLE001  (the learner's)
            answer["error"] = self._described(error)
        try:
            self.channel.send(answer)
        except WireError as error:
            self.channel.send({"n": frame["n"], "error": {"kind": "ValueError", "text": str(error), "line": ""}})

    def ask_back(self, ref: Ref, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        """Ask the trusted side to call a stub, or, without `args`, to read its attribute; answer calls meanwhile."""
        self.number += 1
        number = -self.number
        self.room = ITEMS
        call = None if args is None else [self.outward(arg) for arg in args]
        named = {key: self.outward(value) for key, value in kwargs.items()}
        with self._on_the_line():
            self.channel.send({"n": number, "stub": ref, "name": name, "args": call, "kwargs": named})
            frame = self.channel.receive()
            while "do" in frame:
                self._answer(frame)
                frame = self.channel.receive()
        if "error" in frame:
            raise RuntimeError(frame["error"])
        return self.inward(frame["value"])

    # --- what can be asked for ---------------------------------------------------------------------------------------

    def _cell(self, frame: dict[str, Any]) -> dict[str, Any]:
        self.outputs.begin(keep=bool(frame.get("keep", True)))
        with self._learners_turn():
            result = self.shell.run_cell(frame["source"], store_history=True)
        if not result.success and not any(output["output_type"] == "error" for output in self.outputs):
            error = result.error_before_exec or result.error_in_exec
            self.outputs.append(error_output(type(error).__name__, str(error), []))
        for output in self.outputs:
            if output["output_type"] == "execute_result":
                output["execution_count"] = result.execution_count
        return {"ok": bool(result.success), "outputs": self.outputs.shown(), "count": result.execution_count}

    def _call(self, frame: dict[str, Any]) -> dict[str, Any]:
        args = [self.inward(arg) for arg in frame["args"]]
        kwargs = {key: self.inward(value) for key, value in frame["kwargs"].items()}
        self.outputs.begin(keep=False)
        with self._learners_turn():
            answer = self._resolve(frame["target"])(*args, **kwargs)
        self.room = ITEMS
        value = self.outward(answer)
        return {"answer": value, "args": [self.outward(arg) for arg in args] if frame["watch"] else None}

    def _get(self, frame: dict[str, Any]) -> Any:
        self.outputs.begin(keep=False)
        with self._learners_turn():
            value = self._resolve(frame["target"])
        self.room = ITEMS
        return self.outward(value)

    def _seed(self, frame: dict[str, Any]) -> None:
        if "seed" in frame:
            np.random.seed(frame["seed"])  # noqa: NPY002  (the exercises draw from the global generator)
        elif frame["keep"]:
            self._generator = np.random.get_state()  # noqa: NPY002
        else:
            np.random.set_state(self._generator)  # noqa: NPY002

    def _library(self, frame: dict[str, Any]) -> Any:
        self.outputs.begin(keep=False)
        with self._learners_turn():
            module = importlib.import_module(frame["module"])
        return self.outward(module)

    def _bind(self, frame: dict[str, Any]) -> None:
        self.shell.user_ns.update({name: self.inward(ref) for name, ref in frame["names"].items()})

    def _define(self, frame: dict[str, Any]) -> None:
        self.outputs.begin(keep=False)
        with self._learners_turn():
            for source in frame["sources"]:
                run_definitions(source, self.shell.user_ns, without=frozenset(frame["without"]))

    def _resolve(self, target: list[Any]) -> Any:
        root, *path = target
        if isinstance(root, int):
            value = self.objects[root]
        elif root in self.shell.user_ns:
            value = self.shell.user_ns[root]
        else:
            raise NameError(f"{root} is not defined in your notebook")
        for name in path:
            value = getattr(value, name)
        return value

    # --- values ------------------------------------------------------------------------------------------------------

    def inward(self, value: Any) -> Any:
        """Turn a decoded value into what the learner's code gets: references become objects and stubs."""
        if type(value) is Ref:
            return self.objects[value.number] if value.kind == "handle" else Stub(self, value)
        if type(value) is dict:
            return {key: self.inward(inner) for key, inner in value.items()}
        if type(value) in (list, tuple):
            return type(value)(self.inward(inner) for inner in value)
        return value

    def outward(self, value: Any, depth: int = 0) -> Any:  # noqa: PLR0911  (one return a kind of value)
        """Turn a value of the learner's into a plain one; what is not plain stays here and a reference goes out."""
        if value is None or type(value) in (bool, float, complex):
            return value
        if type(value) is int:
            return value if _fits(value) else Ref("opaque", text="a whole number beyond 64 bits")
        if type(value) in (str, np.str_):  # numpy's is what an array of texts is made of
            return _utf8(str.__str__(value))
        if isinstance(value, np.generic) and value.dtype.kind in "biufc":  # item() of a long double is itself
            return {"f": float, "c": complex}.get(value.dtype.kind, type(value).item)(value)
        if isinstance(value, np.ndarray):
            return _outward_array(value)
        if isinstance(value, dict | list | tuple):
            return self._outward_container(value, depth)
        if isinstance(value, Stub):
            return value._gradekit[1]  # noqa: SLF001  (the stub's own class is above)
        self.objects.append(value)
        return Ref("handle", len(self.objects) - 1, f"a {type(value).__name__}"[:100])

    def _outward_container(self, value: Any, depth: int) -> Any:
        if depth >= DEPTH_LIMIT:
            return Ref("opaque", text="a container nested without end")
        kind = next(kind for kind in (dict, list, tuple) if isinstance(value, kind))
        self.room -= 2 + 3 * kind.__len__(value)  # as the frame's reader counts, where each is an extension
        if self.room < 0:
            return Ref("opaque", text="more values than travel; an array holds many")
        if kind is dict:
            pairs = ((key if _fits(key) else self.outward(str(key)), inner) for key, inner in value.items())
            return {key: self.outward(inner, depth + 1) for key, inner in pairs}
        return kind(self.outward(inner, depth + 1) for inner in value)

    # --- the learner's turn ------------------------------------------------------------------------------------------

    def _interrupt(self, *_: object) -> None:
        if self.interruptible:
            raise KeyboardInterrupt
        self.interrupted = True

    @contextmanager
    def _on_the_line(self) -> Iterator[None]:
        """Hold an interrupt back until a stub's call is answered: half a frame would be the end."""
        nested, self.interruptible = self.interruptible, False
        try:
            yield
        finally:
            self.interruptible = nested
        if self.interrupted:
            self.interrupted = False
            raise KeyboardInterrupt

    @contextmanager
    def _learners_turn(self) -> Iterator[None]:
        """Let an interrupt through, and drop warnings where nobody would read them."""
        nested, self.interruptible = self.interruptible, True
        try:
            with warnings.catch_warnings():
                if not self.outputs.open:
                    warnings.simplefilter("ignore")
                yield
        finally:
            self.interruptible = nested

    def _described(self, error: BaseException) -> dict[str, str]:
        line = ""
        for frame, number in traceback.walk_tb(error.__traceback__):
            if frame.f_globals is self.shell.user_ns:
                line = linecache.getline(frame.f_code.co_filename, number).strip()
        try:
            text = str(error)
        except BaseException:  # noqa: BLE001  (the learner's own __str__)
            text = ""
        described = {"kind": type(error).__name__, "text": text, "line": line}
        return {key: self.outward(value[:TEXT_LIMIT]) for key, value in described.items()}


def error_output(kind: str, text: str, trace: list[str]) -> dict[str, Any]:
    """Return an exception in the notebook's form."""
    kind, text = _utf8(kind[:TEXT_LIMIT]), _utf8(text[:ERROR_TEXT])
    return {"output_type": "error", "ename": kind, "evalue": text, "traceback": trace or [f"{kind}: {text}"]}


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _fits(value: Any) -> bool:
    return type(value) is int and -(2**63) <= value < 2**64


def _outward_array(value: np.ndarray[Any, Any]) -> Any:
    if value.dtype.kind not in "biufc":
        return Ref("opaque", text=f"an array of {value.dtype.name} values")
    base = np.ndarray.view(value, np.ndarray)
    if base.nbytes > FRAME_BYTES - 1000 or base.ndim > AXES:
        return Ref("opaque", text=f"an array of shape {base.shape}, far too large")
    if base.dtype.itemsize > (16 if base.dtype.kind == "c" else 8):  # numpy's long doubles
        base = base.astype(np.complex128 if base.dtype.kind == "c" else np.float64)
    return np.array(base, subok=False)


def run_definitions(source: str, namespace: dict[str, Any], *, without: frozenset[str]) -> None:
    """Run the imports, functions, classes and constants of a cell, each for itself, but for those named.

    What fails is left out: the cell's other definitions may be all that is needed.
    """
    kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in statements:
        constant = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if (isinstance(node, kept) or constant) and getattr(node, "name", None) not in without:
            try:
                exec(compile(ast.Module([node], []), "<an earlier cell>", "exec"), namespace)  # noqa: S102
            except Exception:  # noqa: BLE001, S112  (the edge of the learner's code)
                continue


# --- the shell, made in the template ---------------------------------------------------------------------------------


def make_shell(outputs: Outputs) -> InteractiveShell:
    """Make IPython's shell, with matplotlib's inline backend, writing into `outputs`."""
    from IPython.core.displayhook import DisplayHook  # noqa: PLC0415  (only the template makes a shell)
    from IPython.core.displaypub import DisplayPublisher  # noqa: PLC0415
    from IPython.core.interactiveshell import InteractiveShell  # noqa: PLC0415
    from traitlets.config import Config  # noqa: PLC0415

    class Hook(DisplayHook):  # type: ignore[misc]  # IPython is untyped
        def write_output_prompt(self) -> None:
            pass

        def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
            shown = {"output_type": "execute_result", "execution_count": 0}  # known at the cell's end
            outputs.add({**shown, "data": encoded(format_dict), "metadata": md_dict or {}}, _size(format_dict))

        def finish_displayhook(self) -> None:
            self._is_active = False

    class Publisher(DisplayPublisher):  # type: ignore[misc]  # IPython is untyped
        def publish(self, data: dict[str, Any], metadata: dict[str, Any] | None = None, **_: Any) -> None:
            shown = {"output_type": "display_data", "data": encoded(data), "metadata": metadata or {}}
            outputs.add(shown, _size(data))

        def clear_output(self, wait: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  (IPython's signature)
            outputs.clear()

    class Shell(InteractiveShell):  # type: ignore[misc]  # IPython is untyped
        displayhook_class = Hook
        display_pub_class = Publisher

        def enable_gui(self, gui: str | None = None) -> None:
            pass

        def init_io(self) -> None:
            pass

        def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
            text = [_utf8(str(line)) for line in stb]
            shown = error_output(etype.__name__, str(evalue), text)
            outputs.add(shown, sum(map(len, text)))

    sys.stdout, sys.stderr = Stream(outputs, "stdout"), Stream(outputs, "stderr")
    builtins.input = _no_input
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    settings = Config()
    settings.HistoryManager.enabled = False  # its thread would not survive a fork
    shell: InteractiveShell = Shell.instance(config=settings, user_ns={})  # display() looks for the instance
    shell.user_ns["__name__"] = "__main__"
    shell.run_cell("%matplotlib inline")
    _warm(shell)
    outputs.begin(keep=True)
    return shell


def _warm(shell: InteractiveShell) -> None:
    """Do once what costs time the first time: a figure, a coloured traceback, a displayed array."""
    shell.run_cell("import matplotlib.pyplot as plt, numpy as np\nplt.plot([1]); plt.title('$x_t$')\nplt.show()")
    shell.run_cell("def f():\n    return np.ones(2) @ np.ones(3)\nf()")
    shell.run_cell("np.ones(2)")
    shell.reset(new_session=True)
    shell.user_ns["__name__"] = "__main__"


def _no_input(prompt: object = "") -> str:
    from IPython.core.error import StdinNotImplementedError  # noqa: PLC0415

    raise StdinNotImplementedError("input() was called, but nobody is there to type: " + str(prompt)[:80])


def encoded(data: dict[str, Any]) -> dict[str, Any]:
    """Return display data as the notebook keeps them: pictures in base64, texts as they are, the rest left out."""
    texts = {}
    for kind, value in data.items():
        if isinstance(value, bytes):
            texts[str(kind)] = base64.encodebytes(value).decode("ascii")
        elif isinstance(value, str):
            texts[str(kind)] = _utf8(value)
    return texts


def _size(data: dict[str, Any]) -> int:
    # A picture is not text: 30 figures of 20 kB each are an honest notebook.
    return sum(
        len(value) // (20 if isinstance(value, bytes) else 1) for value in data.values() if hasattr(value, "__len__")
    )
