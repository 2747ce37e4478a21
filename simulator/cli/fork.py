"""``sixhop fork``: a conversation of a run again, from one of its turns on."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from simulator.cli.options import Json, RunDir

__all__ = ["fork"]


Which = Annotated[
    str,
    typer.Argument(
        help="Its id or the beginning of it, or its number in the list.", metavar="CONVERSATION", show_default=False
    ),
]
At = Annotated[int, typer.Option("--at", metavar="K", min=1, help="Keep the first K turns.", show_default=False)]
Reply = Annotated[str | None, typer.Option("--reply", metavar="TEXT", help="What is said next, whoever's turn it is.")]
OtherModel = Annotated[
    str | None, typer.Option("--model", "-m", metavar="SPEC", help="Another model for the assistant.")
]
System = Annotated[
    str | None, typer.Option("--system", metavar="TEXT", help="Another system prompt for the assistant.")
]
Exchanges = Annotated[
    int | None,
    typer.Option("--exchanges", metavar="N", min=1, max=64, help="Pairs of turns in all, the kept ones included."),
]
OtherSeed = Annotated[int | None, typer.Option("--seed", metavar="N", min=0, help="Another seed: another course.")]


def fork(
    rundir: RunDir,
    conversation: Which,
    at: At,
    reply: Reply = None,
    model: OtherModel = None,
    system: System = None,
    exchanges: Exchanges = None,
    seed: OtherSeed = None,
    as_json: Json = False,
) -> None:
    """Hold a conversation again from one of its turns on.

    With another reply, assistant or seed. The kept turns cost nothing, and the fork is kept in the
    run beside the conversation that it left.
    """
    import asyncio

    from simulator.assembly import open_run
    from simulator.assembly.fork import Branch
    from simulator.assembly.fork import fork as hold
    from simulator.cli.screen.console import note, print_json, stdout
    from simulator.cli.screen.kinds import choose, kind_of, texts_by_id
    from simulator.errors import ReplyError
    from simulator.models.conversation import Conversation

    kind = kind_of("conversations")
    with open_run(rundir) as run:
        first = choose(kind, run, conversation)
    branch = Branch(at, reply, model, system, exchanges, seed)
    with redirect_stdout(sys.stderr):  # what an assistant of the user's prints is no result
        result = asyncio.run(hold(rundir, first.id, branch))
    if result.failure is not None:
        raise ReplyError(f"the fork failed: {result.failure.message}. What there was of it is kept with the failures")
    talk = Conversation.model_validate(result.value)
    if as_json:
        print_json(talk.model_dump(mode="json"))
        return
    with open_run(rundir) as run:
        stdout().print(kind.single(talk, texts_by_id(run), run))
    note(f"Forked from {first.id} after {at} {'turn' if at == 1 else 'turns'}; kept in the run as {talk.id}")
