"""What a large model says of a tool beyond its name: every check with a draft that fails it, and the product."""

import json

import pytest
from role_cases import flaw, perform

from simulator.llm.structured import parse, schema_of
from simulator.models.persona import persona_id
from simulator.roles.tool_designer import ToolBrief, ToolDraft, to_tool, tool_designer
from simulator.tools.schema import argument_flaw, result_flaw, schema_flaw

ROLE = tool_designer()
BRIEF = ToolBrief(persona="A mountain guide who leads winter tours.")
SAID = {"items": None, "enum": [], "minimum": None, "maximum": None, "pattern": None, "format": None}
GOOD = {
    "need": "know how likely avalanches are on tomorrow's slope",
    "name": "get_avalanche_bulletin",
    "description": "Gets the avalanche bulletin of the regional warning service for one slope.",
    "parameters": [
        {**SAID, "name": "region", "type": "string", "description": "Code of the warning region", "pattern": "^[A-Z]{2}-[0-9]{2}$", "required": True},
        {**SAID, "name": "altitude", "type": "integer", "description": "Metres above the sea", "minimum": 0, "maximum": 4800, "required": True},
        {**SAID, "name": "day", "type": "string", "description": "Day of the tour; tomorrow without it", "format": "date", "required": False},
    ],
    "returns": "The danger level from 1 to 5 and the slopes to avoid.",
    "result": [
        {**SAID, "name": "level", "type": "integer", "description": "Danger level", "minimum": 1, "maximum": 5},
        {**SAID, "name": "slopes", "type": "array", "description": "Slopes to avoid", "items": "string"},
    ],
    "many": False,
    "errors": [{"code": "no_bulletin", "when": "The service gives none outside the season"}],
    "effect": "reads",
    "changes": "",
    "dependencies": ["the bulletin of the warning service"],
    "examples": [
        {
            "query": "How bad is it at 2,300 metres in region CH-11 tomorrow?",
            "arguments": '{"region": "CH-11", "altitude": 2300}',
            "result": '{"level": 3, "slopes": ["north-east"]}',
        },
        {
            "query": "And in AT-07 at 1,900 on the second of February?",
            "arguments": '{"region": "AT-07", "altitude": 1900, "day": "2026-02-02"}',
            "result": '{"level": 1, "slopes": []}',
        },
    ],
}  # fmt: skip


def draft(**changes: object) -> ToolDraft:
    return parse(json.dumps({**GOOD, **changes}), ToolDraft)


def example(place: int, **changes: object) -> dict[str, object]:
    examples = [dict(one) for one in GOOD["examples"]]
    examples[place].update(changes)
    return {"examples": examples}


def parameter(place: int, **changes: object) -> dict[str, object]:
    parameters = [dict(one) for one in GOOD["parameters"]]
    parameters[place].update(changes)
    return {"parameters": parameters}


def result(**changes: object) -> dict[str, object]:
    return {"result": [{**GOOD["result"][0], **changes}, GOOD["result"][1]]}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        (parameter(0, pattern="^(a+)+$"), "constraints"),
        (parameter(0, minimum=1), "constraints"),
        (parameter(1, minimum=9000), "constraints"),
        (parameter(1, enum=["a"]), "constraints"),
        ({"result": []}, "result"),
        (result(name="Danger Level"), "result"),
        (result(name="slopes"), "result"),
        (result(minimum=6), "result"),
        ({"errors": []}, "errors"),
        ({"errors": [{"code": "No bulletin", "when": "there is none"}]}, "errors"),
        ({"errors": [{"code": "no_bulletin", "when": "never"}]}, "errors"),
        ({"errors": [{"code": "gone", "when": "it is gone"}] * 2}, "errors"),
        ({"effect": None}, "effect"),
        ({"effect": "removes", "changes": "The bulletin is deleted."}, "effect"),
        ({"dependencies": []}, "dependencies"),
        ({"dependencies": [" ", "..."]}, "dependencies"),
        ({"examples": GOOD["examples"][:1]}, "examples"),
        (example(0, arguments="{'region': 'CH-11'}"), "examples"),
        (example(0, arguments="[1]"), "examples"),
        (example(0, arguments='{"altitude": 2300}'), "examples"),
        (example(0, arguments='{"region": "CH-11", "altitude": "high"}'), "examples"),
        (example(0, arguments='{"region": "Valais", "altitude": 2300}'), "examples"),
        (example(0, arguments='{"region": "CH-11", "altitude": 9000}'), "examples"),
        (example(1, arguments='{"region": "AT-07", "altitude": 1900, "day": "tomorrow"}'), "examples"),
        (example(1, arguments=GOOD["examples"][0]["arguments"]), "examples"),
        (example(0, result='{"level": 7, "slopes": []}'), "examples"),
        (example(0, result='{"level": 3}'), "examples"),
        (example(0, query="get_avalanche_bulletin for CH-11"), "examples"),
        ({"many": True}, "examples"),
    ],
)  # fmt: skip
def test_what_does_not_hold_together_is_rejected_by_name(changes: dict[str, object], name: str) -> None:
    assert flaw(ROLE, BRIEF, draft(**changes)) == name


def test_a_tool_that_writes_says_what_changes() -> None:
    words = {
        "need": "reserve a bed in the hut",
        "name": "reserve_hut_bed",
        "description": "Reserves a bed in the alpine hut of one slope.",
    }
    assert flaw(ROLE, BRIEF, draft(**words)) == "effect"
    assert flaw(ROLE, BRIEF, draft(**words, effect="adds")) == "effect"
    assert flaw(ROLE, BRIEF, draft(**words, effect="adds", changes="The bed is taken.")) is None


def test_the_whole_product_is_what_the_model_said() -> None:
    assert flaw(ROLE, BRIEF, draft()) is None
    tool = to_tool(draft(), BRIEF)
    assert tool.derived == ()
    assert tool.personas == (persona_id(BRIEF.persona),)
    assert schema_flaw(tool.input_schema(strict=True)) is schema_flaw(tool.output_schema()) is None
    assert tool.input_schema()["required"] == ["region", "altitude"]
    assert tool.input_schema()["properties"]["altitude"] == {
        "type": "integer", "description": "Metres above the sea", "minimum": 0, "maximum": 4800,
    }  # fmt: skip
    assert (tool.effect, tool.errors[0].code, tool.dependencies) == (
        "reads",
        "no_bulletin",
        ("the bulletin of the warning service",),
    )
    for one in tool.examples:
        assert argument_flaw(tool, one.arguments) is None
        assert result_flaw(tool, one.result) is None
    assert type(tool).model_validate_json(tool.model_dump_json()) == tool


def test_objects_in_place_of_texts_and_superfluous_words_are_mended() -> None:
    made = draft(**example(0, arguments={"region": "CH-11", "altitude": 2300}), changes="Nothing changes.")
    assert flaw(ROLE, BRIEF, made) is None
    assert to_tool(made, BRIEF).changes == ""
    assert flaw(ROLE, BRIEF, draft(**parameter(0, items="string"))) is None


def test_the_standard_prompt_repairs_arguments_that_do_not_validate() -> None:
    bad = {**GOOD, **example(0, arguments='{"region": "CH-11"}')}
    made, model = perform(ROLE, BRIEF, [json.dumps(bad), json.dumps(bad), json.dumps(GOOD)])
    assert [one.flaw for one in made.rejected] == ["examples", "examples"]
    assert "'altitude' is a required property" in model.requests[2].messages[-1].content
    assert to_tool(ToolDraft.model_validate(made.value), BRIEF).derived == ()


def test_a_model_that_says_less_gets_what_rules_can_say() -> None:
    less = {key: GOOD[key] for key in ("need", "name", "description", "returns")}
    made = parse(
        json.dumps({**less, "parameters": [{"name": "region", "type": "string", "description": "Warning region"}]}),
        ToolDraft,
    )
    assert flaw(ROLE, BRIEF, made) is None
    tool = to_tool(made, BRIEF)
    assert tool.derived == ("effect", "result", "examples")
    assert len(tool.examples) == 2


def test_the_reply_s_schema_is_strict_all_the_way_down() -> None:
    def walk(node: object) -> None:
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert set(node["required"]) == set(node["properties"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(schema_of(ToolDraft).body)
