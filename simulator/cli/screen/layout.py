"""The few shapes that every view is made of, so that all commands look like one program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from simulator.cli.screen.console import clean, words

__all__ = ["Barred", "bar", "facts", "heading", "short", "table"]

_ID_DIGITS = 8  # of 16: two of 100,000 personas share them about once, and a command then asks for more
_READABLE = 88  # columns of running text: longer lines are hard to follow
_WORD = 10  # columns that words need at least; they are folded
_GAP = 3  # columns between two columns of a table


def short(id: str) -> str:
    """Return the beginning of an id that is long enough to be given to a command.

    >>> short("p-0123456789abcdef")
    'p-01234567'
    """
    return clean(id[: id.find("-") + 1 + _ID_DIGITS])


def table(*columns: str, title: str = "") -> Table:
    """Return an empty table.

    Args:
        columns: Headings. A ``>`` at the end aligns right; ``*`` gives a column of running text the room that is left.
        title: Printed above.
    """
    made = _Whole(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim", title_justify="left")
    if title:
        made.title, made.title_style = words(title, "bold"), "bold"
    for column in columns:
        flexible, right = column.endswith("*"), column.endswith(">")
        made.add_column(
            column.rstrip("*>"),
            justify="right" if right else "left",
            no_wrap=right,  # where there is little room, words give way before numbers
            overflow="ellipsis" if right else "fold",
            ratio=1 if flexible else None,
            max_width=_READABLE if flexible else None,
        )
    return made


class _Whole(Table):
    """A table that becomes a list where its numbers have no room side by side: no number is ever cut."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        least = sum(_least(column, console, options) for column in self.columns) + _GAP * (len(self.columns) - 1)
        if least <= options.max_width:
            yield from super().__rich_console__(console, options)
            return
        if self.title:
            yield self.title
        for cells in zip(*(column.cells for column in self.columns), strict=True):
            yield from self._listed(cells)

    def _listed(self, cells: Sequence[RenderableType]) -> Iterator[RenderableType]:
        """Yield a row as a list: what its first cell says, and below it the others by the names of their columns."""
        named = [(str(column.header), cell) for column, cell in zip(self.columns, cells, strict=True)]
        if not self.columns[0].no_wrap:
            yield cells[0]
            named = named[1:]
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, cell in named:
            if str(cell):
                grid.add_row(name, Text("  ").join(cell.split("\n")) if isinstance(cell, Text) else cell)
        yield Padding(grid, (0, 0, 0, 2))


def _least(column: Column, console: Console, options: ConsoleOptions) -> int:
    """Return the width that a column needs: all of it for numbers, a little for words."""
    wide = options.update(max_width=10_000)
    widest = max(Measurement.get(console, wide, cell).maximum for cell in (column.header, *column.cells))
    return widest if column.no_wrap else min(widest, _WORD)


def heading(title: str) -> Text:
    """Return a section's title."""
    return words(title, "bold cyan")


def facts(pairs: Iterable[tuple[str, str]]) -> Table:
    """Return names and values as two columns; empty values are left out."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold", max_width=_READABLE)
    for name, value in pairs:
        if value:
            grid.add_row(words(name), words(value))
    return grid


def bar(value: int, most: int, width: int = 24) -> Text:
    """Return a bar whose length is to ``width`` as ``value`` to ``most``; anything above zero shows."""
    length = max(1, round(width * value / most)) if value and most else 0
    return Text("█" * length, style="cyan")


class Barred:
    """Running text with the same edge before each of its lines: a bar, as a chat shows a message.

    Args:
        text: Anything.
        style: Of the edge.
        edge: What stands before each line.
        body: Style of the text.
    """

    def __init__(self, text: str, style: str, *, edge: str = "  │ ", body: str = "") -> None:
        self._text = words(text, body)
        self._style = style
        self._edge = edge

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Wrap the text to the width that is there."""
        width = max(20, min(_READABLE, options.max_width - len(self._edge)))
        for line in self._text.wrap(console, width):
            yield Text.assemble((self._edge, self._style), line)
