"""``sixhop graph``: questions to the relationship graph."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, TypeVar

import typer

from simulator.cli.options import Json, Limit, RunDir
from simulator.cli.reading import reading

__all__ = ["graph"]

graph = typer.Typer(
    name="graph",
    help="Ask the relationship graph who is near whom.",
    no_args_is_help=True,
)

_ROWS = 40

T = TypeVar("T")

_WHO = "A persona: its id, the beginning of it, or its text in quotes (a part is enough)."

Who = Annotated[str, typer.Argument(help=_WHO, metavar="ID", show_default=False)]


@graph.callback()
def _run(context: typer.Context, rundir: RunDir) -> None:
    """Ask the relationship graph who is near whom."""
    context.obj = rundir


@graph.command()
def stats(context: typer.Context, as_json: Json = False) -> None:
    """Hops, yields, degrees, groups, separation, relations."""
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.network import stats_view
    from simulator.evidence.yields import expansion
    from simulator.population.graph.stats import graph_stats

    with reading(context.obj) as run:
        found, asked = graph_stats(run.graph()), expansion(run.ledger)
    if as_json:
        print_json({**found.model_dump(mode="json"), "expansion": asked.model_dump(mode="json")})
    else:
        stdout().print(stats_view(found, asked))


@graph.command()
def central(context: typer.Context, limit: Limit = 10, as_json: Json = False) -> None:
    """Who has the most relations."""
    from simulator.cli.screen.console import print_json, stdout
    from simulator.cli.screen.network import central_view
    from simulator.population.graph.stats import central

    with reading(context.obj) as run:
        network = run.graph()
        found = central(network, limit or len(network))
        if as_json:
            print_json([{"id": id_, "relations": degree, "text": network.text(id_)} for id_, degree in found])
        else:
            stdout().print(central_view(found, network))


@graph.command()
def neighbours(context: typer.Context, id: Who, limit: Limit = None, as_json: Json = False) -> None:
    """Everybody one relation away, in either direction."""
    from simulator.cli.screen.console import note, print_json, stdout, words
    from simulator.cli.screen.network import neighbours_view

    with reading(context.obj) as run:
        network = run.graph()
        persona = network.resolve(id)
        found = network.neighbours(persona)
        shown = _cut(found, limit, as_json)
        if as_json:
            print_json([{**asdict(one), "text": network.text(one.id)} for one in shown])
            return
        stdout().print(words(network.text(persona), "bold"))
        if not found:
            note("Nobody is one relation away: this person has no relations.")
            return
        stdout().print(neighbours_view(shown, network))
        _tell_rest(len(found) - len(shown))


@graph.command()
def within(
    context: typer.Context,
    id: Who,
    hops: Annotated[int, typer.Option("--hops", metavar="N", help="0 to 6 relations.")] = 2,
    limit: Limit = None,
    as_json: Json = False,
) -> None:
    """Everybody at most so many relations away."""
    from simulator.cli.screen.console import note, print_json, stdout, words
    from simulator.cli.screen.network import within_view

    with reading(context.obj) as run:
        network = run.graph()
        persona = network.resolve(id)
        found = [(other, far) for other, far in network.within(persona, hops).items() if other != persona]
        shown = _cut(found, limit, as_json)
        if as_json:
            print_json([{"id": other, "distance": far, "text": network.text(other)} for other, far in shown])
            return
        stdout().print(words(network.text(persona), "bold"))
        if not found:
            note(f"Nobody else is at most {hops} relations away.")
            return
        stdout().print(within_view(shown, network))
        _tell_rest(len(found) - len(shown))


@graph.command()
def path(
    context: typer.Context,
    a: Annotated[str, typer.Argument(help=_WHO, metavar="A", show_default=False)],
    b: Annotated[str, typer.Argument(help="Another one.", metavar="B", show_default=False)],
    as_json: Json = False,
) -> None:
    """A shortest chain between two people, told in words.

    Exit code 1 when no chain joins them.
    """
    from simulator.cli.screen.chain import sentence, tell
    from simulator.cli.screen.console import note, print_json, stdout

    with reading(context.obj) as run:
        network = run.graph()
        start, end = network.resolve(a), network.resolve(b)
        steps = network.path(start, end)
        if as_json:
            told = {"steps": None} if steps is None else {"steps": [asdict(step) for step in steps]}
            chain = None if steps is None else sentence(start, steps, network.text)
            print_json({"from": start, "to": end, **told, "sentence": chain})
        elif steps is not None:
            stdout().print(tell(start, steps, network.text))
        if steps is None:
            note("No chain of relations joins them.")
            raise typer.Exit(1)


@graph.command()
def find(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="A few words, in quotes.", metavar="TEXT", show_default=False)],
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", min=1, help="Most rows.")] = 10,
    as_json: Json = False,
) -> None:
    """Who is nearest in meaning to a few words.

    The search goes through the Chroma index in the run directory. Where that is missing or damaged it is made again
    from the ledger first, which is told on stderr.
    """
    import asyncio

    from simulator.assembly.search import find_people
    from simulator.cli.screen.console import note, print_json, stdout
    from simulator.cli.screen.network import hits_view

    with reading(context.obj) as run:
        found = asyncio.run(find_people(run, text, limit, tell=note))
    if as_json:
        print_json([asdict(hit) for hit in found])
    else:
        stdout().print(hits_view(found))


def _cut(rows: list[T], limit: int | None, as_json: bool) -> list[T]:
    most = limit if limit is not None or as_json else _ROWS
    return rows[: most or None]


def _tell_rest(rest: int) -> None:
    if rest:
        from simulator.cli.screen.console import note

        note(f"{rest:,} more; --limit 0 prints all")
