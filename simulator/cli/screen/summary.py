"""The short report that a run ends with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.assembly.digest import Digest, digest, record_counts
from simulator.cli.screen.cards import npc_card, tool_sketch
from simulator.cli.screen.chain import longest_chain, tell
from simulator.cli.screen.console import clean, print_command, words
from simulator.cli.screen.kinds import texts_by_id
from simulator.cli.screen.layout import bar, heading, table
from simulator.cli.screen.money import number_of
from simulator.cli.screen.talk import excerpt

if TYPE_CHECKING:
    from simulator.assembly import Run

__all__ = ["counted", "population_table", "print_summary", "stage_title", "stages_table"]

_NAMES = {"npc": "NPC"}
_TURNS = 4  # of a conversation's excerpt: two exchanges show whether it goes anywhere
_LETTERS = 400  # of each of its messages


def print_summary(console: Console, run: Run, now: str) -> None:
    """Print what the run made, an example of each kind, where the files are and what to do next.

    Args:
        console: For stdout.
        run: A run that is done.
        now: What this execution took.
    """
    numbers, people = digest(run), texts_by_id(run)
    console.print(_headline(run, numbers))
    console.print(words(f"{number_of(numbers.calls, 'call')} and {numbers.tokens:,} tokens in all; now {now}.", "dim"))
    if numbers.hops:
        _section(console, "People by hop", population_table(numbers))
    if any(stage.rejected or stage.failed for stage in numbers.stages):
        _section(console, "What became of the work", stages_table(numbers))
    if numbers.input_failures:
        rows = number_of(numbers.input_failures, "row")
        console.print(words(f"{rows} of the inputs could not be used; they are among the failures.", "yellow"))
    _examples(console, run, people)
    _section(console, clean(f"Files in {run.directory.root}"), _files(run))
    _next(console, run, numbers)


def stage_title(stage: str) -> str:
    """Return a stage's name for people: ``hop 2`` for ``expand-2``."""
    return clean(stage.replace("expand-", "hop "))


def population_table(numbers: Digest) -> Table:
    """Return personas by hop, with a bar."""
    made = table("hop>", "personas>", "")
    most = max(numbers.hops.values())
    for hop, count in numbers.hops.items():
        made.add_row(str(hop), f"{count:,}", bar(count, most))
    return made


def stages_table(numbers: Digest) -> Table:
    """Return what was kept, rejected and failed, by stage."""
    made = table("stage", "units>", "kept>", "rejected>", "failed>", "why*")
    for stage in numbers.stages:
        rejected, failed = sum(stage.rejected.values()), sum(stage.failed.values())
        why = ", ".join(f"{name} {count}" for name, count in {**stage.rejected, **stage.failed}.items())
        made.add_row(
            stage_title(stage.stage),
            f"{stage.units:,}",
            f"{stage.kept:,}",
            words(f"{rejected:,}", "yellow" if rejected else "dim"),
            words(f"{failed:,}", "red" if failed else "dim"),
            words(why, "dim"),
        )
    return made


def _headline(run: Run, numbers: Digest) -> Text:
    name = run.scenario.name
    products = [counted(count, kind) for kind, count in numbers.products.items()]
    nothing = [f"0 of {asked:,} {what}" for what, asked in numbers.empty.items()]
    made = [number_of(numbers.personas, "persona"), number_of(numbers.relations, "relation"), *products, *nothing]
    style = "bold yellow" if nothing else "bold green"
    return Text.assemble((f"{name} is done: ", style), words(", ".join(made) + "."))


def counted(count: int, kind: str) -> str:
    """Return how many products of a kind there are, in words: ``1 NPC``, ``2 instructions``."""
    return number_of(count, _NAMES.get(kind, kind))


def _section(console: Console, title: str, body: RenderableType) -> None:
    console.print()
    console.print(heading(title))
    console.print(body)


def _examples(console: Console, run: Run, people: Mapping[str, str]) -> None:
    chain = longest_chain(run.relations)
    if chain:
        _section(console, "A chain of people", tell(chain[0].source, chain, lambda id_: people.get(id_, id_)))
    if run.conversations:
        one = run.conversations[0]
        title = f"A conversation with {people.get(one.persona, one.persona)}"
        _section(console, clean(title), excerpt(one, _TURNS, _LETTERS))
    if run.npcs:
        _section(console, "A character", npc_card(run.npcs[0], people))
    if run.tools:
        _section(console, "A tool", tool_sketch(run.tools[0], people))


def _files(run: Run) -> Table:
    """Return the files by their paths in the run directory, with the number of records in each."""
    folder, counts = run.directory, record_counts(run)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right")
    grid.add_column(style="dim")
    for path in sorted(folder.products.glob("*.jsonl")):
        count = counts.get(path.stem)
        grid.add_row(words(f"  products/{path.name}"), words("" if count is None else f"{count:,}"), "")
    for path, what in ((folder.report / "report.md", "the report"), (folder.ledger, "the record of the run")):
        if path.exists():
            grid.add_row(words(f"  {path.relative_to(folder.root)}"), "", what)
    return grid


def _next(console: Console, run: Run, numbers: Digest) -> None:
    root = run.directory.root
    console.print()
    console.print(heading("Next"))
    print_command(console, "sixhop", "explore", root)
    print_command(console, "sixhop", "report", root)
    print_command(console, "sixhop", "graph", root, "stats")
    kinds = [kind for kind in ("conversation", "npc", "tool") if kind in numbers.products]
    print_command(console, "sixhop", "show", root, *([f"{kinds[0]}s", "1"] if kinds else []))
    if numbers.failed or numbers.input_failures:
        print_command(console, "sixhop", "show", root, "failures")
    if numbers.failed:
        print_command(console, "sixhop", "retry", root)
