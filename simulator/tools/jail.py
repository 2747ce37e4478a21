"""The program in which generated code runs: a process that takes every right from itself before it reads the code.

It is started by :mod:`simulator.tools.code_run` as a file of its own, isolated and without the site packages, and
imports nothing of Sixhop. In order: namespaces in which there is no network but a loopback that is down, and no other
process; Landlock, which leaves only the reading of Python's own library; limits of CPU, memory, file size and open
files. When one of these cannot be had it says so and ends: code never runs with less. And it never outlives the process
that wants the answer, however that one ends.

The arguments are the id of that process and the seconds of CPU that the code may use. Standard input: one JSON object
with ``source``, ``name`` and ``calls`` (a list of arguments). Standard output: one with ``refused``, or ``results``,
each with ``value`` or ``error``; or, when a signal ended the code, ``signal`` and whether that was for its ``limit`` of
CPU. It cannot be told from the seconds that were used: the system counts what it limits in whole ticks of its clock.

The same code and calls give the same results, as far as that can be had: the order of sets, Python's random numbers and
what errors say do not change from one run to the next. The date does.
"""

import ctypes
import faulthandler
import io
import json
import os
import random
import re
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

CPU_S = 2
MEMORY_BYTES = 512 * 1024 * 1024
OPEN_FILES = 24
_NEW_USER, _NEW_PID, _NEW_NET, _NEW_IPC = 0x10000000, 0x20000000, 0x40000000, 0x08000000
_NO_NEW_PRIVILEGES, _NOT_DUMPABLE, _DIE_WITH_PARENT = 38, 4, 1
_CREATE, _ADD, _RESTRICT = 444, 445, 446  # Landlock's calls: the same numbers on every architecture
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_ADDRESS = re.compile("0x[0-9a-f]{4,}")  # of an object: another one each time
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many file rights a version of Landlock knows; 16 from version 5 on


class _Refused(Exception):
    """A limit that the system does not give."""


def shut(parent: int, cpu_s: int) -> None:
    """Take the rights away.

    Args:
        parent: The process that wants the answer.
        cpu_s: Seconds of CPU that are left from here on.

    Raises:
        _Refused: One of the walls is not available here.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_USER | _NEW_PID | _NEW_NET | _NEW_IPC) != 0:
        raise _Refused(f"no namespace without a network can be made here ({os.strerror(ctypes.get_errno())})")
    _die_with(libc, lambda: os.getppid() == parent)  # a process that makes a namespace loses what it asked for before
    watched, held = os.pipe()
    told, tell = os.pipe()
    child = os.fork()  # the first process of the new namespace, which sees no other one
    if child:
        os.close(tell)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            ended = {"signal": os.WTERMSIG(status), "limit": bool(os.read(told, 1))}
            os.write(1, json.dumps(ended).encode())
        os._exit(0)
    os.close(held)
    os.close(told)
    faulthandler.register(signal.SIGXCPU, file=tell, all_threads=False)  # is heard within a call that does not end, too
    _die_with(libc, lambda: not select.select([watched], [], [], 0)[0])  # it ends when nobody holds the other end
    os.close(watched)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.prctl(_NOT_DUMPABLE, 0, 0, 0, 0)
    _lock_files(libc)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))  # told at the first, ended at the second
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    _prove()


def _die_with(libc: ctypes.CDLL, lives: Callable[[], bool]) -> None:
    """Have the kernel end this process when its parent ends; ``lives`` says whether it is there still."""
    libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if not lives():
        os._exit(1)


def _lock_files(libc: ctypes.CDLL) -> None:
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        raise _Refused("this system has no Landlock, which keeps files from the code (Linux 5.13 and later)")
    rights = (1 << _RIGHTS.get(version, 16)) - 1
    # File rights; from version 4 on TCP too; from version 6 on abstract sockets and signals to others.
    handled = (ctypes.c_uint64 * 3)(rights, 3, 3)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_CREATE, ctypes.byref(handled), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        raise _Refused(f"Landlock refuses its rules ({os.strerror(ctypes.get_errno())})")
    folder = os.open(os.path.dirname(os.__file__), os.O_PATH | os.O_CLOEXEC)
    rule = (ctypes.c_uint8 * 12).from_buffer_copy(
        (_READ_FILE | _READ_DIR).to_bytes(8, sys.byteorder) + folder.to_bytes(4, sys.byteorder)
    )
    added = libc.syscall(_ADD, ruleset, 1, ctypes.byref(rule), 0)
    if added != 0 or libc.syscall(_RESTRICT, ruleset, 0) != 0:
        raise _Refused(f"Landlock does not take hold ({os.strerror(ctypes.get_errno())})")
    os.close(ruleset)
    os.close(folder)


def _prove() -> None:
    """Try what must not work: a wall is worth nothing until somebody ran against it."""
    for what, attempt in (
        ("reading a file", _read),
        ("making a file", _make),
        ("the network", _connect),
    ):
        try:
            attempt()
        except ConnectionRefusedError:  # somebody answered
            raise _Refused(f"{what} is still possible within the limits") from None
        except OSError:
            continue
        raise _Refused(f"{what} is still possible within the limits")


def _read() -> None:
    os.close(os.open("/etc/passwd", os.O_RDONLY))


def _make() -> None:
    os.close(os.open(f"/tmp/{os.getpid()}.jail", os.O_CREAT | os.O_WRONLY))  # noqa: S108 - it has to fail


def _connect() -> None:
    socket.create_connection(("127.0.0.1", 9), timeout=1).close()


def perform(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what each call gave."""
    space: dict[str, Any] = {"__name__": "tool"}
    try:
        exec(compile(task["source"], "<tool>", "exec"), space)  # noqa: S102 - what this process is for
        function = space[task["name"]]
    except BaseException as error:  # noqa: BLE001 - it is told, whatever it is
        return [{"error": _told(error)} for _ in task["calls"]]
    return [_called(function, arguments) for arguments in task["calls"]]


def _called(function: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        value = function(**arguments)
        return {"value": json.loads(json.dumps(value, allow_nan=False))}
    except BaseException as error:  # noqa: BLE001 - it is told, whatever it is
        return {"error": _told(error)}


def _told(error: BaseException) -> str:
    trace = error.__traceback__
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<tool>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{type(error).__name__}: {_ADDRESS.sub('0x...', str(error))[:300]}" + (f" (line {line})" if line else "")


def main() -> None:
    """Shut the doors, run the calls, tell what they gave."""
    task = json.loads(sys.stdin.read())
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    try:
        shut(int(sys.argv[1]), int(sys.argv[2]))
    except (_Refused, OSError, AttributeError, ValueError) as error:
        answer: dict[str, Any] = {"refused": str(error)}
    else:
        sys.stdout = sys.stderr = io.StringIO()
        sys.stdin = io.StringIO()
        random.seed(0)
        answer = {"results": perform(task)}
    out.write(json.dumps(answer))
    out.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
