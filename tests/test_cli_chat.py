"""``sixhop chat`` in a terminal: a line can be edited, a reply that fails or is given up ends no talk."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_cases import build_run

from simulator.cli.chat import _said
from simulator.llm.fake_server import FakeServer, Fault, in_thread

# The terminal is made the process's own, so that what is typed can be a signal.
PROGRAM = "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from simulator.cli.main import main; "
COMMAND = [sys.executable, "-c", f"{PROGRAM}sys.exit(main())", "chat"]
ROOT = Path(__file__).parent.parent


class Talk:
    """A process in a terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.process, self._terminal, self._seen = process, terminal, ""

    def says(self, wanted: str) -> str:
        """Wait until ``wanted`` is shown; return what was shown up to there."""
        deadline = time.monotonic() + 120
        while wanted not in self._seen:
            assert time.monotonic() < deadline, f"{wanted!r} did not come; what came is {self._seen!r}"
            if select.select([self._terminal], [], [], 1)[0]:
                self._seen += os.read(self._terminal, 4096).decode("utf-8", "replace")
        shown, _, self._seen = self._seen.partition(wanted)
        return shown

    def hears(self, typed: str) -> None:
        os.write(self._terminal, typed.encode())


@contextmanager
def talking(root: Path, url: str) -> Iterator[Talk]:
    ours, theirs = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "SIXHOP_MODEL": f"{url}#fake", "TERM": "xterm", "COLUMNS": "80"}
    words = [*COMMAND, str(root), "harbour pilot"]
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    process = subprocess.Popen(words, **streams, env=env, start_new_session=True)
    os.close(theirs)
    try:
        yield Talk(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return build_run(tmp_path / "run")


def test_a_line_can_be_edited_and_a_failed_reply_is_told_and_said_again(root: Path) -> None:
    with in_thread(FakeServer(lambda body: "The tide is low until the evening, so I sleep.")) as server:
        server.faults.append(Fault.error(400, "no such words"))
        with talking(root, server.url) as talk:
            talk.says("> ")
            talk.hears("Helo\x1b[Dl\n")  # the cursor goes one to the left
            talk.says("no such words")
            talk.says("> ")
            talk.hears("Hello?\n")
            talk.says("The tide is low")
            talk.says("> ")
            talk.hears("\x04")
            assert talk.process.wait(60) == 0
    said = [[message["content"] for message in body["messages"]] for body in server.requests]
    assert any("Hello" in text for text in said[0])
    assert not any("Hello\n" in text and "Hello?" in text for text in said[-1]), "what failed was not said"


def test_a_reply_that_takes_too_long_can_be_given_up(root: Path) -> None:
    with in_thread(FakeServer(lambda body: "The tide is low until the evening, so I sleep.")) as server:
        server.faults.append(Fault(hang=True))
        with talking(root, server.url) as talk:
            talk.says("> ")
            talk.hears("Hello?\n")
            while not server.count:
                time.sleep(0.01)
            talk.hears("\x03")
            talk.says("Given up.")
            talk.says("> ")
            talk.hears("Are you there?\n")
            talk.says("The tide is low")
            talk.says("> ")
            talk.hears("/bye\n")
            assert talk.process.wait(60) == 0


def test_ctrl_c_is_heard_whichever_thread_the_signal_comes_to() -> None:
    late = threading.Event()

    async def hangs() -> str:
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def press() -> None:
            time.sleep(0.2)  # the loop sleeps by then, and nothing but the signal wakes it
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
            if not pressed.wait(20):
                late.set()
                loop.call_soon_threadsafe(woken.set)

        threading.Thread(target=press, daemon=True).start()
        await woken.wait()
        return "nobody heard it"

    pressed = threading.Event()
    with asyncio.Runner() as runner, pytest.raises(KeyboardInterrupt):
        _said(runner, hangs())
    pressed.set()
    assert not late.is_set()
