"""The two streams, and text from outside made fit for a terminal.

Results go to stdout, everything else to stderr. Neither console reads markup in what it prints, and :func:`words`
is the way in for every text that people or models wrote: it shows control characters instead of sending them.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable
from typing import Any, TextIO, cast

from rich.console import Console
from rich.text import Text

__all__ = ["clean", "command", "draws", "note", "one_line", "print_command", "print_json", "stderr", "stdout", "words"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0 but for tab and line feed, DEL, C1 (0x9b starts an escape sequence), what turns the direction of writing (it can
make one text look like another), line separators, and lone surrogates, which no encoding can write."""

_UNSAFE_IN_JSON = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""The same for JSON, which escapes C0 by itself."""

_TRAILING = re.compile(r"[ ]+(?=\n)")


def clean(text: str) -> str:
    r"""Return ``text`` with every character that a terminal would obey made visible.

    >>> clean("\x1b[31mred\x07")
    '␛[31mred␇'
    """
    return _CONTROL.sub(_picture, text.replace("\r\n", "\n"))


def one_line(text: str, most: int | None = None) -> str:
    """Return ``text`` clean, with white space as single spaces, cut to ``most`` characters with an ellipsis."""
    line = " ".join(clean(text).split())
    return line if most is None or len(line) <= most else line[: most - 1].rstrip() + "…"


def words(text: str, style: str = "") -> Text:
    """Return ``text`` as something to print: clean, in one style, and never read as markup."""
    return Text(clean(text), style=style)


class _Trimmed:
    """A text stream without the spaces that tables put at the ends of lines: nobody sees them, but diffs do."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(_TRAILING.sub("", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Screen(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the program's edge; rich would end the process with exit code 1."""
        raise BrokenPipeError


def stdout() -> Console:
    """Return the console for results."""
    return _console(sys.stdout)


def stderr() -> Console:
    """Return the console for everything else."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    file = stream if stream.isatty() else cast(TextIO, _Trimmed(stream))
    return _Screen(file=file, markup=False, emoji=False, highlight=False)


def draws(console: Console) -> bool:
    """Return whether ``console`` is a terminal that can redraw; a pipe, a file and a dumb terminal cannot."""
    stream = console.file
    return stream.isatty() and not console.is_dumb_terminal


def note(text: str, style: str = "dim") -> None:
    """Print a remark on stderr."""
    stderr().print(words(text, style), soft_wrap=True)


def command(*parts: object) -> str:
    """Return a command line that can be pasted into a shell."""
    return shlex.join(str(part) for part in parts)


def print_command(console: Console, *parts: object, indent: int = 2) -> None:
    """Print a command on a line of its own, never broken: it is there to be copied."""
    console.print(words(" " * indent + command(*parts), "bold"), soft_wrap=True)


def print_json(value: Any, default: Callable[[Any], Any] | None = None) -> None:
    """Print ``value`` on stdout as JSON that is also safe to look at in a terminal."""
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    text = json.dumps(value, indent=2, ensure_ascii=plain, default=default)
    sys.stdout.write(_UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n")


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<{code:04X}>"
