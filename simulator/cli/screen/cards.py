"""NPCs, tools, instructions, problems and texts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from simulator.cli.screen.console import one_line, words
from simulator.cli.screen.layout import Barred, facts, short, table
from simulator.models.instruction import Instruction
from simulator.models.npc import FieldValue, Npc, QuestStep
from simulator.models.problem import Problem, Solution, WrittenText
from simulator.models.tool import Tool, Toolset

__all__ = [
    "instruction_card",
    "instructions_table",
    "npc_card",
    "npcs_table",
    "problem_card",
    "problems_table",
    "signature",
    "solution_card",
    "solutions_table",
    "text_card",
    "texts_table",
    "tool_card",
    "tool_sketch",
    "tools_table",
    "toolsets_table",
]

People = Mapping[str, str]

_CARD = 92  # columns of a card: it should look like one, also on a wide terminal
_ASKERS = 5  # of a tool that are named


def npcs_table(npcs: Iterable[Npc], people: People) -> Table:
    """Return one row per character."""
    made = table("id", "name", "who*", "place*")
    for npc in npcs:
        who = " ".join(filter(None, [npc.race, npc.occupation])) + (f", {npc.faction}" if npc.faction else "")
        made.add_row(words(short(npc.id), "cyan"), words(npc.name, "bold"), words(who), words(npc.place))
    return made


def npc_card(npc: Npc, people: People) -> RenderableType:
    """Return the character as a card."""
    fields = [
        ("faction", npc.faction),
        ("place", npc.place),
        ("appearance", npc.appearance),
        ("personality", npc.personality),
        ("background", npc.background),
        ("voice", npc.voice),
        *((name.replace("_", " "), _said(value)) for name, value in npc.fields.items()),
        ("meeting", npc.meeting),
        ("quest", npc.quest),
        *(("" if number else "steps", _step(step, npc)) for number, step in enumerate(npc.steps)),
        ("reward", npc.reward),
        *(("knows", f"{tie.name}, {tie.relation}") for tie in npc.ties),
        ("persona", people.get(npc.persona, npc.persona)),
    ]
    parts: list[RenderableType] = [facts(fields)]
    if npc.greeting:
        parts += [Text(), *(Barred(line, "yellow", edge="│ ") for line in (npc.greeting, *npc.lines))]
    who = " ".join(filter(None, [npc.race, npc.occupation]))
    title = Text.assemble(words(npc.name, "bold yellow"), "  ", words(who, "italic"))
    return Panel(
        Group(*parts),
        box=ROUNDED,
        title=title,
        title_align="left",
        subtitle=words(f"{npc.world} · {short(npc.id)}", "dim"),
        subtitle_align="right",
        border_style="yellow",
        padding=(1, 2),
        width=_CARD,
    )


def _said(value: FieldValue) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _step(step: QuestStep, npc: Npc) -> str:
    if step.action == "get":
        return f"get {step.thing} at {step.place}"
    receiver = next((tie.name for tie in npc.ties if tie.npc == step.to), npc.name)
    return f"bring it to {receiver} at {step.place}"


def tools_table(tools: Iterable[Tool], people: People) -> Table:
    """Return one row per tool."""
    made = table("id", "tool*", "what it does*", "asked>")
    for tool in tools:
        made.add_row(words(short(tool.id), "cyan"), signature(tool), words(tool.description), str(len(tool.personas)))
    return made


def toolsets_table(groups: Iterable[Toolset], people: People) -> Table:
    """Return one row per toolset, the most wanted first."""
    made = table("toolset*", "tools>", "asked by>")
    for group in groups:
        made.add_row(words(group.name, "bold green"), f"{len(group.tools):,}", f"{group.demand:,}")
    return made


def tool_sketch(tool: Tool, people: People) -> RenderableType:
    """Return the tool in a few lines: its head, what it does, and the first who asked for it."""
    pairs = [("returns", tool.returns), *(("asked by", people.get(one, one)) for one in tool.personas[:1])]
    return Group(Text.assemble("  ", signature(tool)), Padding(Group(words(tool.description), facts(pairs)), (0, 2)))


def tool_card(tool: Tool, people: People) -> RenderableType:
    """Return the tool with its arguments' JSON Schema and who asked for it."""
    pairs = [
        ("id", tool.id),
        ("effect", " ".join(part for part in (tool.effect or "", f"({tool.changes})" if tool.changes else "") if part)),
        ("returns", tool.returns),
        *(("error", f"{one.code}: {one.when}") for one in tool.errors),
        *(("needs", one) for one in tool.dependencies),
        *(("example", f"{one.query} -> {json.dumps(one.arguments, ensure_ascii=False)}") for one in tool.examples),
        ("by rule", ", ".join(tool.derived)),
        *(("asked by", people.get(persona, persona)) for persona in tool.personas[:_ASKERS]),
    ]
    if len(tool.personas) > _ASKERS:
        pairs.append(("", f"and {len(tool.personas) - _ASKERS:,} more"))
    schema = json.dumps(tool.input_schema(), indent=2, ensure_ascii=False)
    return Group(signature(tool), words(tool.description), Text(), facts(pairs), Text(), words(schema))


def signature(tool: Tool) -> Text:
    """Return the tool as a function's head: ``find_tide(harbour: string)``."""
    said = Text(tool.name, style="bold green")
    said.append("(", style="dim")
    for number, parameter in enumerate(tool.parameters):
        said.append(", " if number else "", style="dim")
        said.append_text(Text.assemble(parameter.name, (f": {parameter.type}", "dim")))
    return said.append(")", style="dim")


def instructions_table(instructions: Iterable[Instruction], people: People) -> Table:
    """Return one row per instruction: who asks what."""
    made = table("id", "persona*", "asks*")
    for one in instructions:
        made.add_row(words(short(one.id), "cyan"), words(_who(one.persona, people), "dim"), words(one.text))
    return made


def instruction_card(instruction: Instruction, people: People) -> RenderableType:
    """Return one instruction."""
    pairs = [("id", instruction.id), ("persona", people.get(instruction.persona, instruction.persona))]
    return Group(facts(pairs), Text(), Barred(instruction.text, "cyan"))


def problems_table(problems: Iterable[Problem], people: People) -> Table:
    """Return one row per problem."""
    made = table("id", "persona*", "problem*")
    for one in problems:
        made.add_row(words(short(one.id), "cyan"), words(_who(one.persona, people), "dim"), words(one.text))
    return made


def problem_card(problem: Problem, people: People) -> RenderableType:
    """Return one problem."""
    pairs = [
        ("id", problem.id),
        ("subject", problem.subject),
        ("persona", people.get(problem.persona, problem.persona)),
    ]
    return Group(facts(pairs), Text(), Barred(problem.text, "cyan"))


def solutions_table(solutions: Iterable[Solution], people: People) -> Table:
    """Return one row per solution: of which problem, the answer, and how many solutions agree on it."""
    made = table("problem", "answer*", "agree>", "posed by*")
    for one in solutions:
        agree = "" if one.agreement is None else f"{one.agreement:.0%}"
        made.add_row(
            words(short(one.problem), "cyan"), words(one.answer, "bold"), agree, words(_who(one.persona, people), "dim")
        )
    return made


def solution_card(solution: Solution, people: People) -> RenderableType:
    """Return one solution with its steps."""
    pairs = [
        ("id", solution.id),
        ("problem", solution.problem),
        ("persona", people.get(solution.persona, solution.persona)),
        ("agree", "one was drawn" if solution.agreement is None else f"{solution.agreement:.0%} of the solutions"),
        ("answer", solution.answer),
    ]
    return Group(facts(pairs), Text(), Barred(solution.steps, "green"))


def texts_table(texts: Iterable[WrittenText], people: People) -> Table:
    """Return one row per text."""
    made = table("id", "title*", "text*")
    for one in texts:
        made.add_row(words(short(one.id), "cyan"), words(one.title, "bold"), words(one_line(one.text, 160)))
    return made


def text_card(text: WrittenText, people: People) -> RenderableType:
    """Return one text, whole."""
    pairs = [("id", text.id), ("persona", people.get(text.persona, text.persona))]
    return Group(words(text.title, "bold"), facts(pairs), Text(), Barred(text.text, "cyan"))


def _who(persona: str, people: People) -> str:
    return one_line(people.get(persona, persona), 80)
