"""Tools for other programs, read by those who take them: openai's types, langchain-core, jsonschema."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError
from langchain_core.utils.function_calling import convert_to_openai_tool
from openai.types.chat import ChatCompletionFunctionToolParam
from pydantic import TypeAdapter

from simulator.errors import ExportError
from simulator.exports.functions import export_tools, export_toolsets, langchain_tool, mcp_tool, openai_function
from simulator.exports.xlam import export_xlam, xlam_rows
from simulator.models.tool import Tool, ToolError, ToolExample, ToolField, ToolParameter, Toolset

TOOL = Tool(
    id="f-1",
    personas=("p-1",),
    name="read_hive_scale",
    description="Reads the weight of one hive.",
    parameters=(
        ToolParameter(name="hive_number", type="integer", description='Number on the hive, as in "12"'),
        ToolParameter(name="in_pounds", type="boolean", description="Pounds instead of kilograms"),
    ),
    returns="The weight.",
)


FULL = Tool(
    id="f-2",
    personas=("p-1", "p-2"),
    name="book_ferry_cabin",
    description="Books a cabin on a night ferry.",
    parameters=(
        ToolParameter(name="sailing", type="string", description="Day of the sailing", format="date"),
        ToolParameter(name="berths", type="integer", description="Beds in it", minimum=1, maximum=4),
        ToolParameter(name="deck", type="string", description="Which deck", enum=("upper", "lower"), required=False),
        ToolParameter(name="wishes", type="array", items="string", description="Wishes, in words", required=False),
    ),
    returns="The number of the booking and its price.",
    result=(
        ToolField(name="booking_number", type="string", description="Number", pattern="^[A-Z]{2}-[0-9]{4}$"),
        ToolField(name="price_eur", type="number", description="Price in euros", minimum=0),
    ),
    errors=(ToolError(code="sold_out", when="No cabin of that size is left."),),
    effect="adds",
    changes="The cabin is taken.",
    dependencies=("the booking system of the line",),
    examples=(
        ToolExample(
            query="Two beds on 4 May, please",
            arguments={"sailing": "2026-05-04", "berths": 2},
            result={"booking_number": "NF-2210", "price_eur": 118.5},
        ),
        ToolExample(
            query="Four on the upper deck on the 5th",
            arguments={"sailing": "2026-05-05", "berths": 4, "deck": "upper"},
            result={"booking_number": "NF-2211", "price_eur": 240},
        ),
    ),
)


@pytest.mark.parametrize("strict", [True, False])
def test_openai_takes_the_function(strict: bool) -> None:
    row = openai_function(TOOL, strict=strict)
    assert TypeAdapter(ChatCompletionFunctionToolParam).validate_python(row) == row
    assert row["function"].get("strict", False) is strict
    assert row["function"]["description"] == "Reads the weight of one hive. Returns: The weight."


def test_langchain_takes_the_function_as_it_is() -> None:
    row = openai_function(TOOL, strict=True)
    assert convert_to_openai_tool(row) == row


def test_the_schema_is_one_and_holds_arguments_to_it() -> None:
    schema = openai_function(TOOL)["function"]["parameters"]
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    validator.validate({"hive_number": 3, "in_pounds": False})
    for wrong in ({"hive_number": 3}, {"hive_number": "3", "in_pounds": False}, {}):
        with pytest.raises(ValidationError):
            validator.validate(wrong)
    with pytest.raises(ValidationError, match="Additional properties"):
        validator.validate({"hive_number": 3, "in_pounds": False, "colour": "red"})


def test_mcp_tools_have_an_object_at_the_root_of_their_input() -> None:
    row = mcp_tool(TOOL)
    assert row["inputSchema"]["type"] == "object"
    assert row["title"] == "Read hive scale"
    assert set(row) == {"name", "title", "description", "inputSchema"}


def test_a_tool_without_parameters_has_a_sound_schema() -> None:
    schema = openai_function(TOOL.model_copy(update={"parameters": ()}), strict=True)["function"]["parameters"]
    Draft202012Validator(schema).validate({})
    assert not Draft202012Validator(schema).is_valid({"more": 1})


@pytest.mark.parametrize("to", ["openai", "openai-strict", "mcp"])
def test_the_file_is_one_document(tmp_path: Path, to: str) -> None:
    path = tmp_path / "tools.json"
    assert export_tools(path, [TOOL, TOOL.model_copy(update={"name": "weigh_hive"})], to) == 2  # type: ignore[arg-type]
    body = json.loads(path.read_text("utf-8"))
    assert len(body["tools"] if to == "mcp" else body) == 2


def test_no_tools_and_names_that_stand_twice_are_errors(tmp_path: Path) -> None:
    path = tmp_path / "tools.json"
    with pytest.raises(ExportError, match="there are no tools"):
        export_tools(path, [], "openai")
    with pytest.raises(ExportError, match="'read_hive_scale' stands twice"):
        export_tools(path, [TOOL, TOOL], "mcp")
    assert not path.exists()


def test_strict_mode_requires_every_property_and_lets_optional_ones_be_null() -> None:
    function = openai_function(FULL, strict=True)["function"]
    schema = function["parameters"]
    assert function["strict"] is True
    assert schema["required"] == list(schema["properties"]) == ["sailing", "berths", "deck", "wishes"]
    assert schema["properties"]["deck"] == {
        "type": ["string", "null"],
        "description": "Which deck",
        "enum": ["upper", "lower", None],
    }
    validator = Draft202012Validator(schema)
    validator.validate({"sailing": "2026-05-04", "berths": 2, "deck": None, "wishes": None})
    with pytest.raises(ValidationError):
        validator.validate({"sailing": "2026-05-04", "berths": 2})
    assert openai_function(FULL)["function"]["parameters"]["required"] == ["sailing", "berths"]


def test_openai_s_own_strict_maker_changes_nothing() -> None:
    from openai.lib._pydantic import _ensure_strict_json_schema

    schema = openai_function(FULL, strict=True)["function"]["parameters"]
    assert _ensure_strict_json_schema(json.loads(json.dumps(schema)), path=(), root=schema) == schema


def test_callers_read_the_result_and_the_errors_in_the_description() -> None:
    text = openai_function(FULL)["function"]["description"]
    assert text.endswith(
        "Returns: The number of the booking and its price. Errors: sold_out (No cabin of that size is left)."
    )


def test_mcp_s_own_type_takes_schemas_and_hints() -> None:
    from mcp.types import ListToolsResult

    rows = [mcp_tool(FULL), mcp_tool(TOOL)]
    taken = ListToolsResult.model_validate({"tools": rows, "resultType": "complete"}).tools
    assert [one.model_dump(by_alias=True, exclude_none=True) for one in taken] == rows
    assert rows[0]["annotations"] == {
        "title": "Book ferry cabin",
        "readOnlyHint": False,
        "destructiveHint": False,
        "idempotentHint": False,
        "openWorldHint": True,
    }
    Draft202012Validator(rows[0]["outputSchema"]).validate(FULL.examples[0].result)
    assert "outputSchema" not in rows[1]


def test_langchain_makes_a_structured_tool_of_an_entry(tmp_path: Path) -> None:
    from langchain_core.tools import StructuredTool

    export_tools(tmp_path / "tools.json", [FULL], "langchain")
    (entry,) = json.loads((tmp_path / "tools.json").read_text("utf-8"))
    assert entry == langchain_tool(FULL)
    tool = StructuredTool.from_function(lambda **arguments: arguments, **entry)
    assert list(tool.args) == ["sailing", "berths", "deck", "wishes"]
    assert tool.invoke(FULL.examples[1].arguments) == FULL.examples[1].arguments
    assert convert_to_openai_tool(tool)["function"]["parameters"]["required"] == ["sailing", "berths"]


def test_xlam_rows_tell_what_an_argument_may_be() -> None:
    damage = ToolParameter(name="damage", type="string", description="What is wrong", enum=("leak", "torn sail"))
    paces = ToolParameter(name="paces", type="integer", description="Length in paces", minimum=2, maximum=24)
    day = ToolParameter(name="day", type="string", description="First day", format="date", required=False)
    example = ToolExample(query="My boat leaks.", arguments={"damage": "leak", "paces": 4}, result={})
    tool = TOOL.model_copy(update={"parameters": (damage, paces, day), "result": (), "examples": (example,)})
    (row,) = xlam_rows([tool])
    (told,) = json.loads(row["tools"])
    assert {name: one["description"] for name, one in told["parameters"].items()} == {
        "damage": "What is wrong (one of: leak, torn sail)",
        "paces": "Length in paces (at least 2; at most 24)",
        "day": "First day (format date)",
    }


def test_xlam_rows_hold_the_right_call_among_the_tools_offered(tmp_path: Path) -> None:
    tools = [FULL, TOOL, TOOL.model_copy(update={"name": "weigh_hive"}), TOOL.model_copy(update={"name": "open_hive"})]
    rows = list(xlam_rows(tools))
    assert [row["id"] for row in rows] == [0, 1]
    assert rows == list(xlam_rows(tools))
    for row, example in zip(rows, FULL.examples, strict=True):
        assert list(row) == ["id", "query", "tools", "answers"]
        offered = {one["name"]: one for one in json.loads(row["tools"])}
        (answer,) = json.loads(row["answers"])
        assert answer == {"name": FULL.name, "arguments": example.arguments}
        assert set(answer["arguments"]) <= set(offered[answer["name"]]["parameters"])
    parameters = next(one for one in json.loads(rows[0]["tools"]) if one["name"] == FULL.name)["parameters"]
    assert parameters["wishes"] == {"description": "Wishes, in words", "type": "List[str], optional"}
    assert export_xlam(tmp_path / "rows.jsonl", tools) == {"rows": 2, "rows with a query by rule": 0}
    with pytest.raises(ExportError, match="none of the 1 tools has a worked example"):
        export_xlam(tmp_path / "none.jsonl", [TOOL])
    assert not (tmp_path / "none.jsonl").exists()


def test_toolsets_are_files_of_their_own(tmp_path: Path) -> None:
    groups = [Toolset(name="ferry", tools=("f-2",), demand=2), Toolset(name="hive", tools=("f-1",), demand=1)]
    assert export_toolsets(tmp_path, [TOOL, FULL], groups) == {"ferry": 1, "hive": 1}
    assert json.loads((tmp_path / "ferry.json").read_text("utf-8")) == [openai_function(FULL)]
    with pytest.raises(ExportError, match="there are no toolsets"):
        export_toolsets(tmp_path, [TOOL], [])
    with pytest.raises(ExportError, match="is not an id"):
        export_toolsets(tmp_path, [TOOL], [Toolset(name="../x", tools=("f-1",), demand=1)])
