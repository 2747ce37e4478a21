"""Code for tools: an implementation each, checked, and tried on its worked examples in a process that is shut in."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

from graphs.context import ProductionContext
from graphs.role import perform_unit
from graphs.stage import Counts, failed, run_stage
from simulator.models.base import content_hash, derive_seed
from simulator.models.tool import Tool, ToolCode
from simulator.models.unit import NOT_RUN, Attempt, Unit, UnitResult
from simulator.roles.role import RoleContext
from simulator.roles.tool_coder import CodeBrief, CodeDraft, code_brief
from simulator.runs.entry import Entry, Product
from simulator.runs.ledger import Ledger
from simulator.runs.pool import Ended
from simulator.tools.code_run import RefusedError, Trial, try_code

__all__ = ["write_code"]

STAGE = "code"


async def write_code(context: ProductionContext) -> Counts:
    """Have every tool of the set implemented; code that fails its examples gets one more try, then is a failure."""
    role, court = context.roles["tool_coder"], _Court(context.ledger)
    tools = {body["id"]: Tool.model_validate(body) for body in context.ledger.products("tool")}
    return await run_stage(
        context,
        STAGE,
        _units(context, tools.values()),
        lambda unit: _perform(unit, role, court),
        lambda batch: _settle(batch, tools),
    )


def _units(context: ProductionContext, tools: Iterable[Tool]) -> Iterator[Unit]:
    for tool in tools:
        inputs = code_brief(tool).model_dump(mode="json")
        seed = derive_seed(context.scenario.seed, STAGE, tool.id)
        yield Unit(stage=STAGE, role="tool_coder", inputs=inputs, seed=seed)


@dataclass(frozen=True)
class _Court:
    """Tries code, no more at once than there are processors, and keeps what came of it in the ledger.

    What code does within its limit of time depends on the machine and on what else it has to do. So a run that goes on
    takes what was found before, and does not find anew.
    """

    ledger: Ledger
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(os.cpu_count() or 1))

    async def judge(self, unit: Unit, tool: Tool, code: str) -> Trial:
        """Return how the tool's examples ran.

        Raises:
            RefusedError: They did not run, or were ended from outside; nothing is kept.
        """
        key = content_hash("trial", unit.id, unit.seed, code)  # another try of the unit has another seed
        kept = self.ledger.finding(key)
        if kept is not None:
            return Trial(**kept)
        async with self.room:
            trial = await try_code(tool, code)
        await self.ledger.put_finding(key, STAGE, asdict(trial))
        return trial


async def _perform(unit: Unit, role: RoleContext[CodeBrief, CodeDraft], court: _Court) -> UnitResult:
    """Write, try, and write again with what went wrong."""
    rejected: list[Attempt] = []
    brief, result = CodeBrief.model_validate(unit.inputs), await perform_unit(unit, role)
    for last in (False, True):
        if result.value is None:
            return result.model_copy(update={"rejected": (*rejected, *result.rejected)})
        code = str(result.value["code"])
        try:
            trial = await court.judge(unit, brief.tool, code)
        except RefusedError as error:
            return failed(unit, NOT_RUN, f"the code was not run: {error}", code)
        if trial.flaw is None:
            value = {"code": code, "linted": trial.linted}
            return result.model_copy(update={"value": value, "rejected": (*rejected, *result.rejected)})
        rejected += [*result.rejected, Attempt(flaw=trial.cause, message=trial.flaw, raw=code)]
        if not last:
            result = await perform_unit(_again(unit, brief, code, trial), role)
    worst = rejected[-1]
    lost = failed(unit, worst.flaw, worst.message, worst.raw, len(rejected))
    return lost.model_copy(update={"rejected": tuple(rejected)})


def _again(unit: Unit, brief: CodeBrief, code: str, trial: Trial) -> Unit:
    told = brief.model_copy(update={"code": code, "flaw": trial.flaw or ""})
    return unit.model_copy(update={"inputs": told.model_dump(mode="json")})


async def _settle(batch: Sequence[Ended], tools: dict[str, Tool]) -> list[Entry]:
    return [_entry(ended, tools) for ended in batch]


def _entry(ended: Ended, tools: dict[str, Tool]) -> Entry:
    value = ended.result.value
    if value is None:
        return Entry(ended.unit, ended.result)
    tool = tools[str(ended.unit.inputs["tool"]["id"])]
    code = ToolCode(source=value["code"], linted=value["linted"], examples=len(tool.examples))
    made = tool.model_copy(update={"code": code})
    return Entry(ended.unit, ended.result, products=[Product("tool", tool.id, _asker(tool), made, replace=True)])


def _asker(tool: Tool) -> str:
    return tool.personas[0] if tool.personas else ""
