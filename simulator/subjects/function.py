"""An assistant that is a Python function."""

from __future__ import annotations

import inspect
import logging
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulator.errors import InputError
from simulator.subjects.protocol import Answer, Task
from simulator.subjects.reading import failed, read_answer
from simulator.subjects.workshop import HungError, Workshop
from simulator.transport.body import shorten

__all__ = ["FunctionSubject", "attempt", "frames"]

log = logging.getLogger(__name__)

_FRAMES = 3  # of a traceback that are told beside the error; all of it is in the run's log
_OURS = (str(Path(__file__).parent), str(Path(threading.__file__).parent))
"""Where frames are not the user's: the workshop and the standard library."""


class FunctionSubject:
    """A function of the user's as the assistant under test.

    It gets the messages as a chat completion request has them and, if it takes a second argument, the state that it
    returned at its last turn (``None`` at first). What it may return is told by
    :func:`~simulator.subjects.reading.read_answer`.

    Args:
        function: Plain or ``async``.
        name: Its identity.
        workshop: Where it runs.
        timeout_s: Seconds for one answer.

    Raises:
        InputError: It cannot be called with one or two arguments.
    """

    def __init__(self, function: Callable[..., Any], name: str, workshop: Workshop, timeout_s: float) -> None:
        self._function = function
        self._name = name
        self._workshop = workshop
        self._timeout_s = timeout_s
        self._stateful = _takes_two(function, name)

    @property
    def name(self) -> str:
        """Its identity."""
        return self._name

    async def answer(self, task: Task) -> Answer:
        """Return what the function says."""
        messages = [dict(message) for message in task.messages]
        given = (messages, task.state) if self._stateful else (messages,)
        return await attempt(self._workshop, self._function, given, self._timeout_s, read_answer)


async def attempt(
    workshop: Workshop,
    function: Callable[..., Any],
    given: tuple[Any, ...],
    timeout_s: float,
    read: Callable[[Any], Answer],
) -> Answer:
    """Return what ``read`` makes of what ``function`` returns, or how it failed."""
    try:
        return read(await workshop.run(function, *given, timeout_s=timeout_s))
    except HungError as error:
        return failed("timeout", str(error))
    except Exception as error:  # whatever the code under test raises is a result of the test
        log.warning("the assistant under test raised %s", type(error).__name__, exc_info=error)
        return failed("raised", f"{type(error).__name__}: {shorten(_said(error))}{frames(error)}")


def frames(error: BaseException) -> str:
    """Return where code of the user's raised ``error``, the innermost place first; empty when nobody knows.

    File names without folders: the same code raises the same on every machine.
    """
    every = traceback.extract_tb(error.__traceback__)
    places = [one for one in every if not one.filename.startswith(_OURS)] or list(every)
    told = [f"{Path(one.filename).name}:{one.lineno} in {one.name}" for one in reversed(places[-_FRAMES:])]
    return f" (at {', from '.join(told)})" if told else ""


def _said(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an error of the user's whose own text fails
        return "(its message cannot be read)"


def _takes_two(function: Callable[..., Any], name: str) -> bool:
    if not callable(function):
        raise InputError(
            f"{name!r} is of the type {type(function).__name__}; an assistant is a function or a LangGraph graph"
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return False
    for stateful in (True, False):
        try:
            signature.bind(*([[], None] if stateful else [[]]))
        except TypeError:
            continue
        return stateful
    raise InputError(f"{name!r} takes {signature}; an assistant takes its messages, and its state if it wants it")
