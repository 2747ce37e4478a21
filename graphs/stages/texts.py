"""Texts: what the cast writes of what it knows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from graphs.admission import Proposal, run_proposals
from graphs.context import ProductionContext
from graphs.stage import Counts
from graphs.stages.cast import cast_personas
from simulator.models.base import content_id, derive_seed
from simulator.models.persona import persona_id
from simulator.models.problem import WrittenText
from simulator.models.unit import Unit, UnitResult
from simulator.runs.entry import Product

__all__ = ["write_texts"]

STAGE = "texts"


async def write_texts(context: ProductionContext) -> Counts:
    """Let the cast write texts; near-duplicates are rejected."""
    return await run_proposals(context, STAGE, _units(context), context.roles["text_writer"], "text", _proposal)


def _units(context: ProductionContext) -> Iterator[Unit]:
    section = context.scenario.writings
    if section is None:
        return
    kinds = cycle(section.kinds)
    for persona in cast_personas(context)[: section.count]:
        for turn in range(section.per_persona):
            inputs = {"persona": persona.text, "kind": next(kinds), "words": section.words}
            seed = derive_seed(context.scenario.seed, STAGE, inputs, turn)
            yield Unit(stage=STAGE, role="text_writer", inputs=inputs, seed=seed)


def _proposal(unit: Unit, result: UnitResult) -> Proposal:
    value, persona = result.value or {}, persona_id(unit.inputs["persona"])
    title, text = value["title"], value["text"]
    written = WrittenText(
        id=content_id("w", title, text), persona=persona, kind=unit.inputs["kind"], title=title, text=text
    )
    return Proposal(Product("text", written.id, persona, written), text)
