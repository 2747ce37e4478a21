"""Conversations: members of the cast with an assistant, with somebody related to them, or with an NPC of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphs.admission import unrivalled
from graphs.context import ProductionContext
from graphs.conversation import ConversationContext, converse
from graphs.stage import Counts, failed, run_stage
from graphs.stages.encounters import Encounter, encounters
from graphs.stages.meetings import company_of_run, meetings
from simulator.models.base import derive_seed
from simulator.models.conversation import Conversation, ConversationInputs, Counterpart, Turn
from simulator.models.persona import persona_id
from simulator.models.unit import Unit, UnitResult
from simulator.runs.entry import Entry
from simulator.runs.pool import Ended
from simulator.scenario.conversations import Conversations
from simulator.scenario.transcripts import Transcript

__all__ = ["converse_all"]

STAGE = "converse"
ALONE = "partner"
"""The role of a unit that cannot be performed: the one that nobody is there for."""


async def converse_all(context: ProductionContext) -> Counts:
    """Let the cast hold its conversations."""
    section = context.scenario.conversations
    if section is not None and section.partner == "npc":
        return await _with_npcs(context, section)
    sides = ConversationContext(
        context.roles["user"], context.roles.get("assistant"), context.roles.get("judge"), context.subject
    )

    async def hold(unit: Unit) -> UnitResult:
        if unit.role == ALONE:
            return failed(
                unit, "alone", "nobody is related to this person in the graph, so there is nobody to talk with"
            )
        return await converse(unit, sides)

    return await run_stage(context, STAGE, _units(context), hold, _settle)


async def _with_npcs(context: ProductionContext, section: Conversations) -> Counts:
    sides = company_of_run(context.ledger, context.world, context.roles)
    assert sides.company is not None  # noqa: S101 -- for the type checker
    met = await meetings(context, section, sides.company, list(encounters(context, section)))
    units = [_meeting(context, section, encounter, side) for encounter, side in met]
    return await run_stage(context, STAGE, units, lambda unit: converse(unit, sides), _settle)


def _meeting(context: ProductionContext, section: Conversations, encounter: Encounter, side: Counterpart) -> Unit:
    persona = context.population.persona(encounter.opening.persona)
    made = _inputs(section, encounter, persona.text, None, "").model_copy(update={"counterpart": side})
    inputs = made.model_dump(mode="json")
    return Unit(stage=STAGE, role="user", inputs=inputs, seed=derive_seed(context.scenario.seed, STAGE, inputs))


def _units(context: ProductionContext) -> Iterator[Unit]:
    section = context.scenario.conversations
    if section is None:
        return
    for encounter in encounters(context, section):
        persona = context.population.persona(encounter.opening.persona)
        partner, relation = _partner(context, persona.id) if section.partner == "persona" else (None, "")
        if section.partner == "persona" and partner is None:
            alone = {"persona": persona.text, "situation": encounter.situation.model_dump(mode="json")}
            yield Unit(stage=STAGE, role=ALONE, inputs=alone, seed=0)
            continue
        inputs = _inputs(section, encounter, persona.text, partner, relation).model_dump(mode="json")
        yield Unit(stage=STAGE, role="user", inputs=inputs, seed=derive_seed(context.scenario.seed, STAGE, inputs))


def _inputs(
    section: Conversations, encounter: Encounter, persona: str, partner: str | None, relation: str
) -> ConversationInputs:
    instruction, before = encounter.opening.instruction, encounter.opening.transcript
    return ConversationInputs(
        persona=persona,
        opener=instruction.text if instruction else "",
        instruction=instruction.id if instruction else None,
        situation=encounter.situation,
        behaviours=encounter.behaviours,
        script=(*encounter.situation.script, *section.script),
        transcript=_spoken(before, persona) if before else (),
        exchanges=section.exchanges + (len(before.turns) // 2 if before else 0),
        partner=partner,
        relation=relation,
        system=section.system or (before.system if before else ""),
        flawed=section.flawed,
        least=section.least,
        redraws=section.redraws,
        judge=section.judge,
    )


def _spoken(before: Transcript, persona: str) -> tuple[Turn, ...]:
    speakers = {"user": persona_id(persona), "assistant": "assistant"}
    return tuple(turn.model_copy(update={"speaker": speakers[turn.role]}) for turn in before.turns)


def _partner(context: ProductionContext, persona: str) -> tuple[str | None, str]:
    """Return the first person that the graph has around ``persona``, and what they are to them."""
    for relation in context.population.outward(persona):
        return context.population.persona(relation.target).text, relation.name
    return None, ""


async def _settle(batch: Sequence[Ended]) -> list[Entry]:
    return unrivalled(batch, "conversation", Conversation)
