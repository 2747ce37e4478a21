"""Tools for other programs, read by those who take them: openai's types, langchain-core, jsonschema."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError
from langchain_core.utils.function_calling import convert_to_openai_tool
from openai.types.chat import ChatCompletionFunctionToolParam
from pydantic import TypeAdapter

from simulator.errors import ExportError
from simulator.exports.functions import export_tools, mcp_tool, openai_function
from simulator.models.tool import Tool, ToolParameter

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
