"""Instructions: what each member of the cast would ask of an assistant."""

from __future__ import annotations

from collections.abc import Iterator

from graphs.admission import Proposal, run_proposals
from graphs.context import ProductionContext
from graphs.stage import Counts
from graphs.stages.cast import cast_personas
from simulator.models.base import content_id, derive_seed
from simulator.models.instruction import Instruction
from simulator.models.persona import persona_id
from simulator.models.unit import Unit, UnitResult
from simulator.roles.poser import KINDS
from simulator.runs.entry import Product

__all__ = ["pose"]

STAGE = "pose"


async def pose(context: ProductionContext) -> Counts:
    """Let the cast pose instructions; near-duplicates are rejected."""
    return await run_proposals(context, STAGE, _units(context), context.roles["poser"], "instruction", _proposal)


def _units(context: ProductionContext) -> Iterator[Unit]:
    section = context.scenario.instructions
    for persona in cast_personas(context) if section else ():
        for turn in range(section.per_persona if section else 0):
            first = derive_seed(context.scenario.seed, STAGE, "kind", persona.text)
            inputs = {"persona": persona.text, "kind": KINDS[(first + turn) % len(KINDS)]}
            seed = derive_seed(context.scenario.seed, STAGE, inputs, turn)
            yield Unit(stage=STAGE, role="poser", inputs=inputs, seed=seed)


def _proposal(unit: Unit, result: UnitResult) -> Proposal:
    text, persona = (result.value or {})["instruction"], persona_id(unit.inputs["persona"])
    instruction = Instruction(id=content_id("i", text), persona=persona, text=text)
    return Proposal(Product("instruction", instruction.id, persona, instruction), text)
