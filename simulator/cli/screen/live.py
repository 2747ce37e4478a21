"""The live panel: drawn again and again on a terminal's stderr, which it gives back as it was."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live

from simulator.cli.screen.console import words
from simulator.cli.screen.keyboard import Keyboard
from simulator.cli.screen.panel import draw
from simulator.cli.screen.progress import Progress
from simulator.runs.events import Event, Note

__all__ = ["LivePanel"]

_FRAMES = 4  # a second: enough to look alive, and little work for a machine that also runs the model
_SHOW_CURSOR = "\x1b[?25h\n"
_HIDE_CURSOR = "\x1b[?25l"
_FRAME_LINES = 8  # of the panel beside one a stage: borders, headings, counters, and what may stand below them


class LivePanel:
    """Shows a :class:`Progress` while the ``with`` block lasts, and leaves its last state on the screen.

    To be entered in the main thread, for Ctrl-Z.
    """

    def __init__(self, progress: Progress, console: Console) -> None:
        self.progress = progress
        self._console = console
        self._live = Live(
            console=console,
            get_renderable=lambda: draw(progress, console.width),
            refresh_per_second=_FRAMES,
            redirect_stdout=False,  # results must not end up on stderr
        )
        self._keyboard = Keyboard()
        self._suspend_before: Any = signal.SIG_DFL

    def __enter__(self) -> LivePanel:
        self._keyboard.silence()
        self._suspend_before = signal.signal(signal.SIGTSTP, self._suspend)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.over = True
        self._live.stop()
        signal.signal(signal.SIGTSTP, self._suspend_before)
        self._keyboard.restore()

    def __call__(self, event: Event) -> None:
        """Take one event."""
        self.progress.add(event)
        if isinstance(event, Note):
            self._console.print(words(event.text))

    def tick(self) -> None:
        """Do nothing: the panel redraws itself."""

    def abandon(self) -> None:
        """Give the terminal back, without waiting for anything: the process is about to end."""
        self._keyboard.restore()
        self._send(_SHOW_CURSOR)

    def _suspend(self, number: int, _frame: FrameType | None) -> None:
        """Ctrl-Z: give the terminal to the shell, stop, and take it again when the user comes back."""
        self.abandon()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # stops here, until SIGCONT
        signal.signal(number, self._suspend)
        self._keyboard.silence()
        # The next drawing goes up by the height of the last one: let it find empty lines there, not the shell's.
        self._send(_HIDE_CURSOR + "\n" * (len(self.progress.stages) + _FRAME_LINES))

    def _send(self, text: str) -> None:
        os.write(self._console.file.fileno(), text.encode("ascii"))
