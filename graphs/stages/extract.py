"""Text-to-Persona: each text is asked who would read, write, like or dislike it; hop 0 of the population."""

from __future__ import annotations

from collections.abc import Iterator

from graphs.admission import admit_personas
from graphs.context import ProductionContext
from graphs.detail import asked_detail
from graphs.role import perform_unit
from graphs.stage import Counts, run_stage
from simulator.models.base import derive_seed
from simulator.models.unit import Unit
from simulator.population.candidate import Candidate
from simulator.runs.pool import Ended
from simulator.scenario.texts import text_id

__all__ = ["extract"]

STAGE = "extract"


async def extract(context: ProductionContext) -> Counts:
    """Extract personas from the scenario's texts and admit them in the texts' order."""

    def candidate(ended: Ended) -> Candidate:
        inputs, value = ended.unit.inputs, ended.result.value or {}
        return Candidate(
            text=value["persona"],
            origin="text",
            source=text_id(inputs["text"]),
            question=inputs["question"],
            unit=ended.unit.id,
        )

    role = context.roles["extractor"]
    return await run_stage(
        context,
        STAGE,
        _units(context),
        lambda unit: perform_unit(unit, role),
        lambda batch: admit_personas(context, batch, candidate),
    )


def _units(context: ProductionContext) -> Iterator[Unit]:
    section = context.scenario.texts
    if section is None:
        return
    for number, text in enumerate(context.texts):
        for turn in range(section.per_text):
            question = section.questions[(number * section.per_text + turn) % len(section.questions)]
            inputs = {"text": text.text, "question": question, **asked_detail(context)}
            yield Unit(
                stage=STAGE, role="extractor", inputs=inputs, seed=derive_seed(context.scenario.seed, STAGE, inputs)
            )
