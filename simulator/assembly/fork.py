"""Forking a conversation: its first turns as they were, then another reply, another assistant, or another course."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.assembly.compose import Crew, open_crew
from simulator.assembly.inputs import kept_inputs
from simulator.assembly.kept import held_ledger, recorded_scenario
from simulator.assembly.search import open_embedder
from simulator.errors import InputError
from simulator.models.base import content_id
from simulator.models.conversation import Conversation, ConversationInputs, Forked, Turn
from simulator.models.persona import persona_id
from simulator.models.unit import Unit, UnitResult
from simulator.models.world import World
from simulator.runs.directory import RunDirectory
from simulator.runs.entry import Entry, Product
from simulator.runs.ledger import Ledger
from simulator.scenario.endpoints import ModelChoice
from simulator.scenario.growth import Expand
from simulator.scenario.schema import Scenario
from simulator.settings import Settings

if TYPE_CHECKING:
    from simulator.embeddings.protocol import Embedder
    from simulator.llm.protocol import ChatModel

__all__ = ["Branch", "fork"]

STAGE = "fork"


@dataclass(frozen=True)
class Branch:
    """Where a conversation is left, and what is different from there on.

    Attributes:
        at: How many of its turns are kept, at least 1.
        reply: The turn after them, word for word, of whoever's turn it is.
        model: SPEC of another model for the assistant.
        system: Another system prompt of the assistant.
        exchanges: Pairs of turns in all; by default as many as the conversation was to have.
        seed: Another seed, for another course with everything else the same.
    """

    at: int
    reply: str | None = None
    model: str | None = None
    system: str | None = None
    exchanges: int | None = None
    seed: int | None = None


async def fork(
    root: Path | str,
    conversation: str,
    branch: Branch,
    *,
    settings: Settings | None = None,
    models: Mapping[str, ChatModel] | None = None,
    embedder: Embedder | None = None,
) -> UnitResult:
    """Hold a conversation again from a turn on, and keep it in the run beside the first one.

    Nothing of the kept turns is asked of a model. The same fork twice is one fork, and costs nothing the second time.

    Args:
        root: The run directory.
        conversation: Id of one of its conversations.
        branch: Where and how.
        settings: The environment; read from the process's by default.
        models: Chat models to use instead of the scenario's, by role, or ``*`` for all.
        embedder: An embedder to use instead of the scenario's.

    Returns:
        With the new :class:`Conversation` as value, or the failure, which the run keeps as well.

    Raises:
        RunDirectoryError: There is no run in the directory.
        InputError: There is no such conversation, or it has no such turn.
        EndpointError: A model failed; the same call goes on.
    """
    directory = RunDirectory(Path(root))
    with held_ledger(directory) as ledger:
        first = _unit_of(ledger, conversation)
        unit = _forked(first, conversation, _turns(ledger, conversation), branch)
        done = next((result for one, result in ledger.results(STAGE) if one.id == unit.id), None)
        if done is not None:
            return done
        scenario = _narrowed(recorded_scenario(ledger, directory), branch)
        environment, inputs = settings or Settings.from_environ(), kept_inputs(ledger)
        given: dict[str, Any] = {"world": inputs.world, "prompts": inputs.prompts, "models": models}
        async with AsyncExitStack() as stack:
            chosen = embedder or await open_embedder(scenario, environment, stack)
            crew = await open_crew(scenario, environment, ledger, chosen, stack, **given)
            result = await _held(unit, crew, ledger, inputs.world)
        await ledger.commit([Entry(unit, result, products=_products(result))])
        _export(ledger, directory)
        return result


def _unit_of(ledger: Ledger, conversation: str) -> Unit:
    for stage in ("converse", STAGE):
        for unit, _ in ledger.results(stage):
            if content_id("c", unit.id) == conversation:
                return unit
    raise InputError(f"the run has no conversation {conversation!r}; list them with 'sixhop show RUNDIR conversations'")


def _turns(ledger: Ledger, conversation: str) -> tuple[Turn, ...]:
    bodies = (body for body in ledger.products("conversation") if body["id"] == conversation)
    found = next(bodies, None)
    if found is None:
        raise InputError(f"the conversation {conversation!r} failed, so there is nothing to fork")
    return Conversation.model_validate(found).turns


def _forked(first: Unit, conversation: str, turns: tuple[Turn, ...], branch: Branch) -> Unit:
    if not 1 <= branch.at <= len(turns):
        raise InputError(
            f"the conversation has {len(turns)} turns; it can be forked at 1 to {len(turns)}, not {branch.at}"
        )
    inputs = ConversationInputs.model_validate(first.inputs)
    if branch.system is not None and inputs.counterpart is not None:
        raise InputError("the other side is an NPC, and its card is its system prompt; leave 'system' out")
    kept = turns[: branch.at]
    if branch.reply is not None:
        kept = (*kept, _reply(inputs, branch))
    exchanges = branch.exchanges or inputs.exchanges
    if len(kept) >= 2 * exchanges:
        more = len(kept) // 2 + 1
        raise InputError(f"{len(kept)} turns are all that {exchanges} exchanges have; ask for {more} or more of them")
    changes: dict[str, Any] = {
        "transcript": kept,
        "exchanges": exchanges,
        "system": inputs.system if branch.system is None else branch.system,
        "forked": Forked(conversation=conversation, at=branch.at, assistant=branch.model),
    }
    seed = first.seed if branch.seed is None else branch.seed
    given = inputs.model_copy(update=changes).model_dump(mode="json")
    return Unit(stage=STAGE, role=first.role, inputs=given, seed=seed)


def _reply(inputs: ConversationInputs, branch: Branch) -> Turn:
    if not (branch.reply or "").strip():
        raise InputError("the reply is empty; give its text")
    if branch.at % 2 == 0:
        return Turn(role="user", speaker=persona_id(inputs.persona), content=str(branch.reply))
    speaker = persona_id(inputs.partner) if inputs.partner else "assistant"
    if inputs.counterpart is not None:
        speaker = inputs.counterpart.npc
    return Turn(role="assistant", speaker=speaker, content=str(branch.reply))


def _narrowed(scenario: Scenario, branch: Branch) -> Scenario:
    """Return the scenario with nothing but its conversations, and with the assistant of the branch."""
    gone = {"texts": None, "expand": Expand(), "instructions": None, "npcs": None, "tools": None}
    alone = scenario.model_copy(update=gone)
    if branch.model is None or alone.conversations is None:
        return alone
    if alone.conversations.partner == "npc":
        npc = {**alone.models.roles, "npc": ModelChoice(spec=branch.model)}
        return alone.model_copy(update={"models": alone.models.model_copy(update={"roles": npc})})
    roles = {**alone.models.roles, "assistant": ModelChoice(spec=branch.model)}
    return alone.model_copy(
        update={
            "models": alone.models.model_copy(update={"roles": roles}),
            "conversations": alone.conversations.model_copy(update={"assistant": None}),
        }
    )


async def _held(unit: Unit, crew: Crew, ledger: Ledger, world: World | None) -> UnitResult:
    from graphs.conversation import ConversationContext, converse
    from graphs.stages.meetings import company_of_run

    roles = crew.roles
    if "counterpart" in unit.inputs:
        return await converse(unit, company_of_run(ledger, world, roles))
    return await converse(
        unit, ConversationContext(roles["user"], roles.get("assistant"), roles.get("judge"), crew.subject)
    )


def _products(result: UnitResult) -> list[Product]:
    if result.value is None:
        return []
    talk = Conversation.model_validate(result.value)
    return [Product("conversation", talk.id, talk.persona, talk)]


def _export(ledger: Ledger, directory: RunDirectory) -> None:
    from simulator.exports.jsonl import export_jsonl

    export_jsonl(ledger, directory.products, ["conversations", "failures"])
