"""The keyboard while a panel is drawn: what is typed must not appear in it."""

from __future__ import annotations

import os
import sys
import termios
from contextlib import suppress
from typing import Any

__all__ = ["Keyboard"]

_LOCAL_MODES = 3  # the place of the local modes in what termios.tcgetattr returns


class Keyboard:
    """Switches the echo of the terminal off and on again.

    An echoed key, the ``^C`` of Ctrl-C among them, moves the cursor, and the next drawing would miss its place.
    """

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def silence(self) -> None:
        """Switch the echo off, if stdin is a terminal and this process is in its foreground."""
        with suppress(OSError, ValueError, termios.error):
            descriptor = sys.stdin.fileno()
            if os.tcgetpgrp(descriptor) != os.getpgrp():
                return  # a background job that changes the terminal is stopped by it
            before = termios.tcgetattr(descriptor)
            changed = [*before]
            changed[_LOCAL_MODES] &= ~termios.ECHO
            termios.tcsetattr(descriptor, termios.TCSADRAIN, changed)
            self._before = before

    def restore(self) -> None:
        """Make it as it was before."""
        if self._before is not None:
            with suppress(OSError, ValueError, termios.error):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._before)
            self._before = None
