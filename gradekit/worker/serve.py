"""The untrusted side: runs a learner's cells and answers calls, in a process that has dropped every right.

Nothing here is secret and nothing here is believed: the learner's code shares the process and may replace all of it.
The trusted side asks with frames ``{"n": number, "do": word, ...}``; each gets one answer with the same number. While
a call runs, the worker may itself ask: a stub's call travels back (``{"n", "stub", ...}``) and is answered before the
call goes on. IPython's shell is made once, in the template, and comes here by fork.
"""

from __future__ import annotations

import importlib
import linecache
import os
import signal
import traceback
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from gradekit.worker.definitions import run_definitions
from gradekit.worker.shell import TEXT_LIMIT, Outputs, error_output
from gradekit.worker.values import Values
from gradekit.worker.wire import Channel, Ref, WireError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradekit.worker.shell import Shell


class Interrupts:
    """Whose turn it is: an interrupt stops the learner's code, and never half a frame."""

    def __init__(self, outputs: Outputs) -> None:
        self.outputs = outputs
        self.interruptible = self.interrupted = False

    def interrupt(self, *_: object) -> None:
        """Stop the learner's code now, or whatever comes next when it is the learner's."""
        if self.interruptible:
            raise KeyboardInterrupt
        self.interrupted = True

    @contextmanager
    def on_the_line(self) -> Iterator[None]:
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
    def learners(self) -> Iterator[None]:
        """Let an interrupt through, and drop warnings where nobody would read them."""
        nested, self.interruptible = self.interruptible, True
        try:
            with warnings.catch_warnings():
                if not self.outputs.open:
                    warnings.simplefilter("ignore")
                yield
        finally:
            self.interruptible = nested


class Server:
    """Runs cells and answers calls until the line closes.

    Parameters
    ----------
    channel : Channel
        The line to the trusted side.
    shell : Shell
        With `outputs` as what its displays write into.
    """

    def __init__(self, channel: Channel, shell: Shell, outputs: Outputs) -> None:
        self.channel, self.shell, self.outputs = channel, shell, outputs
        self.values = Values(self.ask_back)
        self.interrupts = Interrupts(outputs)
        self.number, self.process = 0, os.getpid()
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
        signal.signal(signal.SIGINT, self.interrupts.interrupt)
        while True:
            frame = self.channel.receive()
            self.interrupts.interrupted = False  # one that came too late
            self._answer(frame)

    def leave(self) -> None:
        """Have nothing to do with the line any more: a process that was forked from the one that serves."""
        self.channel.close()
        self.outputs.begin(keep=False)

    def _answer(self, frame: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"n": frame["n"]}
        try:
            answer["value"] = self.actions[frame["do"]](frame)
        except BaseException as error:  # noqa: BLE001  (the learner's)
            said = described(error, self.shell.user_ns)
            answer["error"] = {key: self.values.outward(text) for key, text in said.items()}
        if os.getpid() != self.process:  # the learner's code has forked, and let the child come here
            os._exit(0)
        try:
            self.channel.send(answer)
        except WireError as error:
            self.channel.send({"n": frame["n"], "error": {"kind": "ValueError", "text": str(error), "line": ""}})

    def ask_back(self, ref: Ref, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
        """Ask the trusted side to call a stub, or, without `args`, to read its attribute; answer calls meanwhile."""
        self.number += 1
        number = -self.number
        self.values.begin_frame()
        call = None if args is None else [self.values.outward(arg) for arg in args]
        named = {key: self.values.outward(value) for key, value in kwargs.items()}
        with self.interrupts.on_the_line():
            self.channel.send({"n": number, "stub": ref, "name": name, "args": call, "kwargs": named})
            frame = self.channel.receive()
            while "do" in frame:
                self._answer(frame)
                frame = self.channel.receive()
        if "error" in frame:
            raise RuntimeError(frame["error"])
        return self.values.inward(frame["value"])

    def _cell(self, frame: dict[str, Any]) -> dict[str, Any]:
        self.outputs.begin(keep=bool(frame.get("keep", True)), undrawn=str(frame.get("undrawn", "")))
        refusals = self.shell.refusals
        refusals.begin()
        with self.interrupts.learners():
            result = self.shell.run_cell(frame["source"], store_history=True)
        error = result.error_before_exec or result.error_in_exec
        refusals.look_at(error)
        if not result.success and not any(output["output_type"] == "error" for output in self.outputs):
            self.outputs.append(error_output(type(error).__name__, str(error), []))
        for output in self.outputs:
            if output["output_type"] == "execute_result":
                output["execution_count"] = result.execution_count
        refused = {"tried": list(refusals.tried), "felt": list(refusals.felt)}
        return {"ok": bool(result.success), "count": result.execution_count, "outputs": self.outputs.shown(), **refused}

    def _call(self, frame: dict[str, Any]) -> dict[str, Any]:
        args = [self.values.inward(arg) for arg in frame["args"]]
        kwargs = {key: self.values.inward(value) for key, value in frame["kwargs"].items()}
        self.outputs.begin(keep=False)
        with self.interrupts.learners():
            answer = resolve(frame["target"], self.values.objects, self.shell.user_ns)(*args, **kwargs)
        self.values.begin_frame()
        value = self.values.outward(answer)
        return {"answer": value, "args": [self.values.outward(arg) for arg in args] if frame["watch"] else None}

    def _get(self, frame: dict[str, Any]) -> Any:
        self.outputs.begin(keep=False)
        with self.interrupts.learners():
            value = resolve(frame["target"], self.values.objects, self.shell.user_ns)
        self.values.begin_frame()
        return self.values.outward(value)

    def _seed(self, frame: dict[str, Any]) -> None:
        if "seed" in frame:
            np.random.seed(frame["seed"])  # noqa: NPY002  (the exercises draw from the global generator)
        elif frame["keep"]:
            self._generator = np.random.get_state()  # noqa: NPY002
        else:
            np.random.set_state(self._generator)  # noqa: NPY002

    def _library(self, frame: dict[str, Any]) -> Any:
        self.outputs.begin(keep=False)
        with self.interrupts.learners():
            module = importlib.import_module(frame["module"])
        return self.values.outward(module)

    def _bind(self, frame: dict[str, Any]) -> None:
        self.shell.user_ns.update({name: self.values.inward(ref) for name, ref in frame["names"].items()})

    def _define(self, frame: dict[str, Any]) -> None:
        self.outputs.begin(keep=False)
        with self.interrupts.learners():
            for source in frame["sources"]:
                run_definitions(source, self.shell.user_ns, without=frozenset(frame["without"]))


def described(error: BaseException, namespace: dict[str, Any]) -> dict[str, str]:
    """Return an exception's type, text and the notebook's own line, each bounded."""
    line = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_globals is namespace:
            line = linecache.getline(frame.f_code.co_filename, number).strip()
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001  (the learner's own __str__)
        text = ""
    found = {"kind": type(error).__name__, "text": text, "line": line}
    return {key: value[:TEXT_LIMIT] for key, value in found.items()}


def resolve(target: list[Any], objects: list[Any], namespace: dict[str, Any]) -> Any:
    """Return what a path of names leads to, from an object that stayed here or from a name of the notebook's."""
    root, *path = target
    if isinstance(root, int):
        value = objects[root]
    elif root in namespace:
        value = namespace[root]
    else:
        raise NameError(f"{root} is not defined in your notebook")
    for name in path:
        value = getattr(value, name)
    return value
