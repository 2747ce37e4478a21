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

__all__ = ["RefusedError", "Trial", "lint_flaw", "run_calls", "try_code"]

_WALL_S = 20.0  # for all calls of one tool; the CPU limit within is lower
_OUTPUT = 1_000_000  # bytes that are read from the process
_RULES = "E9,F,B,PLE,S102,S307,S301"  # mistakes and dangers; taste is nobody's business here


class RefusedError(Exception):
    """Code cannot be run here within all limits, so it is not run."""


@dataclass(frozen=True)
class Trial:
    """How the examples of a tool ran.

    Attributes:
        flaw: What went wrong first; ``None`` when every result satisfies the schema.
        cause: ``lint``, ``run`` or ``result``; empty without a flaw.
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
    for example, outcome in zip(tool.examples, await run_calls(source, tool.name, calls), strict=True):
        if "error" in outcome:
            return Trial(f"the example {example.query!r} raised {outcome['error']}", "run", linted)
        if (flaw := result_flaw(tool, outcome["value"])) is not None:
            return Trial(f"the example {example.query!r} gave a result that does not fit: {flaw}", "result", linted)
    return Trial(None, "", linted)


async def lint_flaw(source: str) -> str | None:
    """Return the first things that ruff finds in the code, or ``None``."""
    ruff = _linter()
    assert ruff is not None  # noqa: S101 - for the type checker: the caller has looked
    command = [ruff, "check", "--isolated", "--no-cache", "--quiet", "--output-format", "concise", "--select", _RULES]
    said, _ = await _piped([*command, "--stdin-filename", "tool.py", "-"], source.encode(), 30.0)
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.startswith("tool.py:")]
    return "; ".join(lines[:3]) or None


async def run_calls(source: str, name: str, calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what each call gave: ``{"value": ...}`` or ``{"error": ...}``.

    Args:
        source: The module.
        name: Its function.
        calls: The arguments of each call.

    Raises:
        RefusedError: The system does not give the limits; nothing was run.
    """
    if sys.platform != "linux":
        raise RefusedError(f"code is run on Linux only, where it can be shut in; this is {sys.platform}")
    task = orjson.dumps({"source": source, "name": name, "calls": list(calls)})
    command = [sys.executable, "-I", "-S", "-B", str(Path(jail.__file__)), str(os.getpid())]
    said, ended = await _piped(command, task, _WALL_S)
    if not ended:
        return [{"error": f"it did not end within {_WALL_S:g} s"} for _ in calls]
    try:
        answer = orjson.loads(said)
    except ValueError:
        limits = f"{jail.CPU_S} s of CPU, {jail.MEMORY_BYTES // 2**20} MB"
        return [{"error": f"the process ended without an answer (its limits: {limits})"} for _ in calls]
    if "refused" in answer:
        raise RefusedError(str(answer["refused"]))
    results: list[dict[str, Any]] = answer["results"]
    return results


async def _piped(command: Sequence[str], data: bytes, wall_s: float) -> tuple[bytes, bool]:
    """Run a program with an empty environment and return what it wrote, and whether it ended in time."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"LC_ALL": "C.UTF-8"},
        cwd="/",
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(wall_s):
            return await _talk(process, data), True
    except TimeoutError:
        return b"", False
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


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
