"""Child processes of the kill harness: forked, waited for, and nothing left behind by them."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

# Before anything imports NumPy or a tokenizer: a process that forks has one thread.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}

PATIENCE_S = 60.0  # of one execution; a run that hangs is a failure of the harness's run, not of this machine's speed
ORPHANS_S = 0.5  # in which what a killed process had started must be gone; some of the scripted code works for longer
_CHILD_SUBREAPER = 36  # of prctl


class Disturbed(AssertionError):
    """A run that was killed differs from the one that nobody disturbed."""


def forked(work: Callable[[], None]) -> int:
    """Start ``work`` in a child; return its process id."""
    deadline = time.monotonic() + 5
    while (threads := _threads()) != 1:  # one that was joined is still there for a moment
        if time.monotonic() > deadline:
            raise RuntimeError(f"{threads} threads run where one must: a fork would take a lock along")
        time.sleep(0.001)
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - a child tells why it ended and ends
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _threads() -> int:
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else threading.active_count()


def ended(child: int, within_s: float) -> int | None:
    """Return the child's exit code once it ended, or ``None`` when it has not within the time."""
    deadline = time.monotonic() + within_s
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= deadline:
            return None
        time.sleep(min(0.0005, max(0.0, deadline - time.monotonic())))


def adopt() -> None:
    """Have the kernel hand over to this process whatever a killed child leaves behind."""
    if ctypes.CDLL(None, use_errno=True).prctl(_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this process cannot see what killed ones leave behind")


def check_nothing_survives(where: str) -> None:
    """Check that no process outlives the one that was killed: linters and shut-in code end with it.

    Raises:
        Disturbed: One does.
    """
    deadline = time.monotonic() + ORPHANS_S
    while True:
        try:
            left = os.waitpid(-1, os.WNOHANG)[0]
        except ChildProcessError:
            return
        if not left and time.monotonic() > deadline:
            listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            told = [Path(f"/proc/{one}/cmdline").read_bytes().replace(b"\0", b" ").decode() for one in listed]
            raise Disturbed(f"killed in {where}, it left behind {told}")
        if not left:
            time.sleep(0.001)
