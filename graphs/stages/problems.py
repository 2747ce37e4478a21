"""Problems out of the lives of the cast, and their solutions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle

from graphs.admission import Proposal, run_proposals
from graphs.context import ProductionContext
from graphs.role import perform_unit
from graphs.stage import Counts, failed, run_stage
from graphs.stages.cast import cast_personas
from simulator.errors import InputError
from simulator.models.base import content_id, derive_seed
from simulator.models.persona import persona_id
from simulator.models.problem import Problem, Solution
from simulator.models.unit import Unit, UnitResult
from simulator.roles.role import RoleContext
from simulator.roles.solver import SolverInput, WorkedSolution
from simulator.runs.entry import Entry, Product
from simulator.runs.pool import Ended
from simulator.scenario.productions import Problems

__all__ = ["pose_problems", "solve_problems"]

POSE, SOLVE = "problems", "solve"


async def pose_problems(context: ProductionContext) -> Counts:
    """Let the cast pose problems; near-duplicates are rejected."""
    units, role = _units(context, _section(context)), context.roles["problem_writer"]
    return await run_proposals(context, POSE, units, role, "problem", _proposal)


async def solve_problems(context: ProductionContext) -> Counts:
    """Solve each problem several times; where too few agree on an answer, there is no solution."""
    role, least = context.roles["solver"], _section(context).agreement
    problems = {body["text"]: Problem.model_validate(body) for body in context.ledger.products("problem")}

    async def settle(batch: Sequence[Ended]) -> list[Entry]:
        return [_solved(ended, problems) for ended in batch]

    return await run_stage(context, SOLVE, _open(context, problems), lambda unit: _solve(unit, role, least), settle)


def _section(context: ProductionContext) -> Problems:
    if context.scenario.problems is None:
        raise InputError("the scenario asks for no problems; give it the section 'problems'")
    return context.scenario.problems


def _units(context: ProductionContext, section: Problems) -> Iterator[Unit]:
    subjects = cycle(section.subjects)
    for persona in cast_personas(context)[: section.count]:
        for turn in range(section.per_persona):
            inputs = {"persona": persona.text, "subject": next(subjects), "level": section.level}
            yield Unit(
                stage=POSE,
                role="problem_writer",
                inputs=inputs,
                seed=derive_seed(context.scenario.seed, POSE, inputs, turn),
            )


def _proposal(unit: Unit, result: UnitResult) -> Proposal:
    text, persona = (result.value or {})["problem"], persona_id(unit.inputs["persona"])
    problem = Problem(id=content_id("q", text), persona=persona, subject=unit.inputs["subject"], text=text)
    return Proposal(Product("problem", problem.id, persona, problem), text)


def _open(context: ProductionContext, problems: Mapping[str, Problem]) -> Iterator[Unit]:
    for text in problems:
        inputs = {"problem": text}
        yield Unit(stage=SOLVE, role="solver", inputs=inputs, seed=derive_seed(context.scenario.seed, SOLVE, inputs))


async def _solve(unit: Unit, role: RoleContext[SolverInput, WorkedSolution], least: float) -> UnitResult:
    result = await perform_unit(unit, role)
    if result.value is None or result.score is None or result.score >= least:
        return result
    why = f"only {result.score:.0%} of the solutions agree on {result.value['answer']!r}; {least:.0%} are wanted"
    lost = failed(unit, "disagreement", why, result.value["steps"], 1)
    return lost.model_copy(update={"rejected": result.rejected, "prompt": result.prompt, "score": result.score})


def _solved(ended: Ended, problems: Mapping[str, Problem]) -> Entry:
    value = ended.result.value
    if value is None:
        return Entry(ended.unit, ended.result)
    problem = problems[ended.unit.inputs["problem"]]
    solution = Solution(
        id=content_id("s", problem.id),
        problem=problem.id,
        persona=problem.persona,
        steps=value["steps"],
        answer=value["answer"],
        agreement=ended.result.score,
    )
    return Entry(ended.unit, ended.result, products=[Product("solution", solution.id, problem.persona, solution)])
