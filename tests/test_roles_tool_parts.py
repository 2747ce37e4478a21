"""What a small model chooses from when it designs tools: whatever it chooses is a tool that holds together."""

import asyncio
from itertools import product
from pathlib import Path

import pytest
import story
from role_cases import Letters, perform

from simulator.assembly import simulate_sync
from simulator.models.tool import Tool
from simulator.prompts.template import load_prompt
from simulator.roles.npc_tool_designer import NpcToolBrief, npc_tool_designer, to_npc_tool
from simulator.roles.tool_designer import ToolBrief, ToolDraft, to_tool, tool_designer
from simulator.roles.tool_draft import fields_in, name_of
from simulator.roles.tool_parts import needs_for, offered
from simulator.scenario.world import load_world
from simulator.tools.derive import request_of
from simulator.tools.schema import argument_flaw, result_flaw, schema_flaw
from simulator.tools.vocabulary import vocabulary_of

WORLDS = Path(__file__).parents[1] / "scenarios" / "worlds"
ROLE = tool_designer()
SOMEBODY = "Somebody of fifty who lives by a lake."


def every_need() -> list[str]:
    (turns,) = asyncio.run(needs_for([SOMEBODY], 200, Letters()))
    return [need for some in turns for need in some]


def drafts(need: str, terms: dict[str, str], kind: str = "") -> list[ToolDraft]:
    """Return every draft that can be chosen for a need."""
    made = []
    seen = {one for seed in range(8) for one in offered("description", {"need": need}, terms, kind, seed)}
    for description in sorted(seen):  # three operations are offered at once
        done = {"need": need, "description": description}
        asks, returns = offered("parameters", done, terms, kind), offered("returns", done, terms, kind)
        for ask, told in product(asks, returns):
            body = {**done, "name": name_of(description), "parameters": ask, "returns": told}
            made.append(ToolDraft.model_validate(body))
    return made


def sound(tool: Tool) -> None:
    assert schema_flaw(tool.input_schema(strict=True)) is None
    assert schema_flaw(tool.output_schema() or {}) is None
    assert len(tool.examples) == 2
    for one in tool.examples:
        assert argument_flaw(tool, one.arguments) is result_flaw(tool, one.result) is None
        assert "$" not in one.query
        assert one.query != request_of(tool, one.arguments), "the operation knows how it is asked for"
    assert tool.errors
    assert tool.dependencies
    assert (tool.effect == "reads") == (tool.changes == ""), tool.name
    assert {"effect", "result", "errors", "dependencies", "examples"} <= set(tool.derived)


def test_everything_that_may_be_chosen_is_a_sound_tool() -> None:
    needs, names = every_need(), set[str]()
    assert len(needs) == len(set(needs)) > 150
    for need in needs:
        brief = ToolBrief(persona=SOMEBODY, needs=(need,))
        chosen = drafts(need, {})
        assert chosen, need
        for draft in chosen:
            assert [told for check in ROLE.checks if (told := check.test(brief, draft))] == [], draft
            tool = to_tool(draft, brief)
            sound(tool)
            assert any(
                field.minimum is not None or field.enum or field.format for field in tool.result + tool.parameters
            )
            names.add(tool.name)
    assert len(names) > 500


@pytest.mark.parametrize("name", ["saltmere", "halden"])
def test_everything_that_an_npc_may_offer_is_a_sound_tool_of_its_world(name: str) -> None:
    world = load_world(WORLDS / name)
    role, words = npc_tool_designer(world), vocabulary_of(world, ["Fenn Quayle"])
    for work in world.occupations:
        assert work.offers, f"{work.name} offers nothing"
        for need in (*work.offers, *(thing.name for thing in world.things)):
            told = {"asker": "p-1", "card": f"You are a {work.name}.", "place": work.places[0], "needs": (need,)}
            brief = NpcToolBrief(persona=f"a {work.name} at {work.places[0]}", **told)
            for description in role.choices(brief, "description", {"need": need}):
                done = {"need": need, "description": description}
                for ask in role.choices(brief, "parameters", done):
                    (returns,) = role.choices(brief, "returns", done)
                    body = {**done, "name": name_of(description), "parameters": ask, "returns": returns}
                    draft = ToolDraft.model_validate(body)
                    assert [one for check in role.checks if (one := check.test(brief, draft))] == [], draft
                    tool = to_npc_tool(draft, brief, words, world)
                    sound(tool)
                    whens = [one for one in tool.parameters if one.name == "when"]
                    assert all(one.enum == world.times[:12] for one in whens)
                    assert all(one.enum or one.format == "date" for one in whens)


def test_needs_are_near_to_their_person_and_shared_out() -> None:
    people = ["a beekeeper", "a chess player", "a nurse"] * 3
    found = asyncio.run(needs_for(people, 2, Letters()))
    assert all(len(turns) == 2 and len(turns[0]) == len(turns[1]) == 3 for turns in found)
    assert all(not set(first) & set(second) for first, second in found)
    assert asyncio.run(needs_for(people[:4], 2, Letters())) == found[:4], "a cast can grow"
    assert len({need for first, _ in found for need in first}) > 9
    assert asyncio.run(needs_for([], 2, Letters())) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("days = how many days [1 to 14]", {"type": "integer", "minimum": 1, "maximum": 14}),
        ("price = price of one [0 to 9]", {"type": "number", "minimum": 0, "maximum": 9}),
        ("day = first day [date]", {"type": "string", "format": "date"}),
        ("size = size of it [small | large | small]", {"type": "string", "enum": ("small", "large")}),
        ("urgent = whether it is [yes or no]", {"type": "boolean"}),
        ("place = where it is []", {"type": "string"}),
        ("size = size of it [a [b] c]", {"description": "Size of it [a [b] c]"}),
    ],
)
def test_constraints_stand_in_brackets(line: str, expected: dict[str, object]) -> None:
    (field,) = fields_in(line)
    assert {key: field[key] for key in expected} == expected


def choosing(request: object) -> str:
    """Take the first thing that the grammar allows."""
    grammar = request.sampling.extra["grammar"]  # type: ignore[attr-defined]
    return grammar.removeprefix('root ::= "').split('" | "')[0].rstrip('"')


def test_the_small_model_chooses_a_need_an_operation_and_arguments_that_go_with_it() -> None:
    brief = ToolBrief(persona="A beekeeper on a ridge.", needs=("honey jars", "hive weight"))
    result, model = perform(ROLE, brief, choosing, "small")
    assert result.failure is None, result.failure
    draft = ToolDraft.model_validate(result.value)
    assert draft.need in brief.needs
    tool = to_tool(draft, brief)
    sound(tool)
    assert len(model.requests) == 3, "each is drawn once, and what comes back follows from the operation"


def test_a_designer_that_writes_has_its_k_replies_to_choose_the_best_of() -> None:
    _, model = perform(ROLE, ToolBrief(persona="A mountain guide."), lambda _request: "fresh snow", "small")
    head = load_prompt("tool_designer", "small").head
    assert head.candidates > head.draws["need"] == 1
    assert sum("What goods" in one.messages[-1].content for one in model.requests) == head.candidates


def test_a_designer_that_has_nothing_to_choose_from_writes() -> None:
    assert ROLE.choices(ToolBrief(persona="A beekeeper."), "need", {}) == ()
    assert ROLE.choices(ToolBrief(persona="A beekeeper."), "description", {"need": "honey jars"}) == ()
    free = ToolBrief(persona="A beekeeper.", needs=("honey jars",))
    assert ROLE.choices(free, "parameters", {"need": "honey jars", "description": "Paints honey jars."}) == ()


def test_who_has_a_tool_is_told_its_name_when_asked_for_another(tmp_path: Path) -> None:
    scenario = {"conversations": None, "instructions": None, "npcs": None, "tools": {"per_persona": 2}}
    told, products = [], []
    for concurrency in (1, 32):
        wanted = story.scenario(**scenario, concurrency=concurrency)
        with simulate_sync(wanted, tmp_path / str(concurrency), models=story.models()) as run:
            units = [unit.inputs for unit, _ in run.ledger.results("tools")]
            told.append(sorted((one["persona"], tuple(one["avoid"])) for one in units))
            products.append(list(run.ledger.products("tool")))
            asked = {name for one in units for name in one["avoid"]}
            assert asked <= {tool.name for tool in run.tools}
    assert told[0] == told[1]
    assert products[0] == products[1]
    firsts = {persona for persona, names in told[0] if not names}
    seconds = {persona for persona, names in told[0] if names}
    assert seconds
    assert seconds <= firsts
    assert all(len(names) == 1 for _, names in told[0] if names)
