"""Running generated code: always in a process of its own that has taken every right from itself, never in this one."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from simulator.models.tool import Tool
from simulator.tools import jail
from simulator.tools.schema import result_flaw

__all__ = ["LimitError", "RefusedError", "Trial", "lint_flaw", "run_calls", "try_code"]

_WALL_S = 60.0  # for all calls of one tool: for code that waits; the limit of CPU within is much lower
_LINT_S = 60.0
_LINTED = (0, 1)  # how ruff ends when it has looked: it found nothing, or something
_OUTPUT = 1_000_000  # bytes that are read from the process
_RULES = "E9,F,B,PLE,S102,S307,S301"  # mistakes and dangers; taste is nobody's business here


class RefusedError(Exception):
    """Code cannot be run here within all limits, so it is not run, or not to its end: that says nothing of the code."""


class LimitError(Exception):
    """Code did not end within its limit of time, which depends on the machine too, and on what else it had to do."""


@dataclass(frozen=True)
class Trial:
    """How the examples of a tool ran.

    Attributes:
        flaw: What went wrong first; ``None`` when every result satisfies the schema.
        cause: ``lint``, ``run``, ``result``, or ``limit`` when time ran out; empty without a flaw.
        linted: Whether a linter was there to look at the code.
    """

    flaw: str | None
    cause: str
    linted: bool


async def try_code(tool: Tool, source: str) -> Trial:
    """Lint the code and run the tool's worked examples with it.

    Raises:
        RefusedError: The system does not give the limits; nothing was run.
    """
    linted = _linter() is not None
    if linted and (flaw := await lint_flaw(source)) is not None:
        return Trial(flaw, "lint", linted)
    calls = [example.arguments for example in tool.examples]
    try:
        outcomes = await run_calls(source, tool.name, calls)
    except LimitError as error:
        return Trial(str(error), "limit", linted)
    for example, outcome in zip(tool.examples, outcomes, strict=True):
        if "error" in outcome:
            return Trial(f"the example {example.query!r} raised {outcome['error']}", "run", linted)
        if (flaw := result_flaw(tool, outcome["value"])) is not None:
            return Trial(f"the example {example.query!r} gave a result that does not fit: {flaw}", "result", linted)
    return Trial(None, "", linted)


async def lint_flaw(source: str) -> str | None:
    """Return the first things that ruff finds in the code, or ``None``.

    Raises:
        RefusedError: It did not look at it.
    """
    ruff = _linter()
    assert ruff is not None  # noqa: S101 - for the type checker: the caller has looked
    command = [ruff, "check", "--isolated", "--no-cache", "--quiet", "--output-format", "concise", "--select", _RULES]
    said, code = await _piped([*command, "--stdin-filename", "tool.py", "-"], source.encode(), _LINT_S)
    if code not in _LINTED:
        how = f"did not end within {_LINT_S:g} s" if code is None else f"ended with {code}"
        raise RefusedError(f"the linter {ruff!r} {how} and did not look at the code")
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.startswith("tool.py:")]
    return "; ".join(lines[:3]) or None


async def run_calls(source: str, name: str, calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what each call gave: ``{"value": ...}`` or ``{"error": ...}``.

    Args:
        source: The module.
        name: Its function.
        calls: The arguments of each call.

    Raises:
        RefusedError: The system does not give the limits and nothing was run, or it ended what ran.
        LimitError: It took too long.
    """
    if sys.platform != "linux":
        raise RefusedError(f"code is run on Linux only, where it can be shut in; this is {sys.platform}")
    task = orjson.dumps({"source": source, "name": name, "calls": list(calls)})
    # Not -I, which would let the order of sets change from run to run: the environment is ours, and nearly empty.
    command = [sys.executable, "-P", "-s", "-S", "-B", str(Path(jail.__file__)), str(os.getpid()), str(jail.CPU_S)]
    said, code = await _piped(command, task, _WALL_S)
    if code is None:
        raise LimitError(f"it did not end within {_WALL_S:g} s")
    try:
        answer = orjson.loads(said)
    except ValueError:
        return [{"error": f"the process ended without an answer ({_limits()})"} for _ in calls]
    if "refused" in answer:
        raise RefusedError(str(answer["refused"]))
    if "signal" in answer:
        told = _ended(answer["signal"], answer["limit"])
        return [{"error": told} for _ in calls]
    results: list[dict[str, Any]] = answer["results"]
    return results


def _ended(number: int, limit: bool) -> str:
    """Return what code did that a signal ended.

    Raises:
        LimitError: It had used up its time.
        RefusedError: It was ended from outside.
    """
    if limit:
        raise LimitError(f"it did not end within {jail.CPU_S} s of CPU")
    if number == signal.SIGKILL:
        raise RefusedError("its process was ended from outside, as the system does when memory runs out")
    return f"the process was ended by {signal.Signals(number).name} ({_limits()})"


def _limits() -> str:
    return f"its limits: {jail.CPU_S} s of CPU, {jail.MEMORY_BYTES // 2**20} MB"


async def _piped(command: Sequence[str], data: bytes, wall_s: float) -> tuple[bytes, int | None]:
    """Run a program with a bare environment and return what it wrote and its exit code; ``None`` for out of time.

    Raises:
        RefusedError: It could not be started.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise RefusedError(f"{command[0]!r} could not be started: {error.strerror or error}") from error
    try:
        async with asyncio.timeout(wall_s):
            said = await _talk(process, data)
            if len(said) >= _OUTPUT:  # the rest is not waited for; to wait for the process would be to wait for that
                return said, 1
            return said, await process.wait()
    except TimeoutError:
        return b"", None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()  # to the end of what it wrote, so that nothing of it is open when the loop ends


async def _talk(process: asyncio.subprocess.Process, data: bytes) -> bytes:
    assert process.stdin is not None  # noqa: S101 - for the type checker: both are pipes
    assert process.stdout is not None  # noqa: S101
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()
    said = bytearray()
    while len(said) < _OUTPUT and (piece := await process.stdout.read(65_536)):
        said += piece
    return bytes(said)


def _linter() -> str | None:
    beside = Path(sys.executable).with_name("ruff")
    return str(beside) if beside.exists() else shutil.which("ruff")
