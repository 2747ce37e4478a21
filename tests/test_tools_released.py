"""Released tools: every shape of the file by an example of ours, hostile rows, and the real file where it is."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from simulator.cli.main import main
from simulator.models.tool import Tool
from simulator.tools.released import Mended, Unmendable, mend
from simulator.tools.schema import argument_flaw, result_flaw

RELEASED = Path(__file__).parents[2] / "shared" / "data" / "personahub_tools.jsonl"
BODY = {
    "name": "Tide Table Interface",
    "description": "Gives the tides of a harbour.",
    "function_name": "get_tides",
    "input_args": {"harbour": "Name of the harbour (e.g., 'Vellen')", "days": "an integer that says how many days"},
    "return": {"high_water": "Time of high water", "low_water": "Time of low water"},
    "depend": ["tide gauges", "requests, numpy"],
}


def row(twice: bool = True, **changes: object) -> dict[str, str]:
    text = json.dumps({**BODY, **changes})
    return {"input persona": "A pilot.", "synthesized text": json.dumps(text) if twice else text}


def one(**changes: object) -> Tool:
    (tool,) = mend(row(**changes)).tools
    return tool


def test_a_row_becomes_a_definition_and_says_what_was_mended() -> None:
    made = mend(row(), ["p-1"])
    (tool,) = made.tools
    assert made.repairs == ("encoded twice", "arguments in a mapping", "type guessed from a name")
    assert (tool.name, tool.description, tool.personas) == ("get_tides", "Gives the tides of a harbour.", ("p-1",))
    assert [(p.name, p.type, p.required) for p in tool.parameters] == [
        ("harbour", "string", True),
        ("days", "integer", True),
    ]
    assert [field.name for field in tool.result] == ["high_water", "low_water"]
    assert tool.dependencies == ("tide gauges", "requests", "numpy")
    assert len(tool.examples) == 2
    assert set(tool.derived) == {"types", "result", "effect", "examples"}
    assert mend(row(twice=False)).tools[0].parameters == tool.parameters


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("harbour", [("harbour", "string")]),
        ("harbour, days", [("harbour", "string"), ("days", "integer")]),
        ("harbour - the port, as in 'Sarn', days - an integer", [("harbour", "string"), ("days", "integer")]),
        ("harbour: str, depth: float", [("harbour", "string"), ("depth", "number")]),
        ("ports (list of strings), urgent (bool)", [("ports", "array"), ("urgent", "boolean")]),
        (["harbour", "days"], [("harbour", "string"), ("days", "integer")]),
        ([{"name": "harbour", "type": "string", "description": "Port"}], [("harbour", "string")]),
        ([{"harbour": "Port"}, {"Depth (m)": "a float"}], [("harbour", "string"), ("depth_m", "number")]),
        ({"harbour": {"type": "list", "description": "Ports"}}, [("harbour", "array")]),
        ({"*args": "string", "class": "int or string"}, [("args", "string"), ("class_value", "string")]),
        ({"a b": "x", "a-b": "y"}, [("a_b", "string"), ("a_b_2", "string")]),
        (None, []),
        ("None", []),
        ([], []),
        ("", []),
    ],
)
def test_every_shape_of_arguments(said: object, expected: list[tuple[str, str]]) -> None:
    assert [(p.name, p.type) for p in one(input_args=said).parameters] == expected


def test_constraints_that_are_told_become_constraints() -> None:
    told = {
        "deck": "one of 'upper' or 'lower'",
        "day": "Day of the sailing in the format YYYY-MM-DD",
        "berths": "an integer, optional, default is 2",
    }
    deck, day, berths = one(input_args=told).parameters
    assert deck.enum == ("upper", "lower")
    assert day.format == "date"
    assert not berths.required


@pytest.mark.parametrize(
    ("names", "arguments", "expected"),
    [
        (["add_ship", "drop_ship"], [["ship", "berth"], ["ship"]], {"add_ship": 2, "drop_ship": 1}),
        ("add_ship, drop_ship", {"add_ship": ["ship"], "drop_ship": []}, {"add_ship": 1, "drop_ship": 0}),
        (
            ["__init__", "add_ship", "drop_ship"],
            [{"add_ship": ["ship"]}, {"drop_ship": ["ship"]}],
            {"add_ship": 1, "drop_ship": 1},
        ),
        (["add_ship", "drop_ship"], "ship, berth", {"add_ship": 2}),
        ([], "ship", {"tide_table_interface": 1}),
        ("get_tides(harbour)", "harbour", {"get_tides": 1}),
    ],
)
def test_several_functions_in_a_row(names: object, arguments: object, expected: dict[str, int]) -> None:
    made = mend(row(function_name=names, input_args=arguments))
    assert {tool.name: len(tool.parameters) for tool in made.tools} == expected


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (None, "no_text"),
        ("", "no_text"),
        ("x" * 200_000, "too_long"),
        ("[" * 5000 + "]" * 5000, "nested"),
        ("a lighthouse", "not_json"),
        ('{"port": 1}', "not_a_tool"),
        ("[1, 2]", "not_a_tool"),
        ("{'ships': ['a', ...]}", "not_a_tool"),
        (json.dumps({**BODY, "function_name": "🦊", "name": "狐"}), "no_name"),
        (json.dumps({**BODY, "description": "  "}), "no_description"),
        ("__import__('os').system('true')", "not_json"),
    ],
)
def test_what_is_no_tool_is_a_failure_with_a_cause(text: object, cause: str) -> None:
    with pytest.raises(Unmendable) as caught:
        mend({"synthesized text": text})
    assert caught.value.cause == cause


def test_slips_of_json_are_mended() -> None:
    inner = json.dumps(BODY).replace('low water"}', 'low water", ...}').replace('numpy"]', 'numpy",]')
    assert mend({"synthesized text": json.dumps(inner)}).repairs[0] in ("elided values", "encoded twice")
    python = repr(BODY)
    assert "Python instead of JSON" in mend({"synthesized text": python}).repairs
    broken = json.dumps(BODY).replace("Gives the", "Gives\nthe")
    assert "line breaks in a text" in mend({"synthesized text": broken}).repairs


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150)
@given(JSON, JSON, JSON, JSON)
def test_whatever_stands_in_a_row_it_is_valid_or_a_failure(
    names: object, arguments: object, result: object, needs: object
) -> None:
    try:
        made = mend(row(function_name=names, input_args=arguments, **{"return": result}, depend=needs))
    except Unmendable:
        return
    assert sound(made) == []


def sound(made: Mended) -> list[str]:
    flaws = []
    for tool in made.tools:
        Tool.model_validate(tool.model_dump(mode="json"))
        for strict in (True, False):
            Draft202012Validator.check_schema(tool.input_schema(strict=strict))
        for example in tool.examples:
            flaws += [
                flaw for flaw in (argument_flaw(tool, example.arguments), result_flaw(tool, example.result)) if flaw
            ]
    names = [tool.name for tool in made.tools]
    return flaws + ["a name stands twice"] * (len(set(names)) < len(names))


HOSTILE = [
    row(function_name="../../etc/passwd"),
    row(function_name="<img src=x onerror=alert(1)>", input_args={"<b>": "';--", "../": "x", "🦊": "x" * 10_000}),
    row(function_name="x" * 10_000, description="\x1b[2J\x07 </script> \u202e" + "y" * 10_000),
    {"input persona": "A tester.", "synthesized text": "{'a'"},
]
SURROGATE = row(description="A broken \ud800 letter.") | {"input persona": "Half a \udc00 letter."}


def lines(rows: list[object]) -> str:
    return "".join(f"{json.dumps(one)}\n" for one in rows)


def test_import_makes_a_run_directory_of_tools_askers_and_failures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "rows.jsonl", tmp_path / "run"
    file.write_text(lines([row(), row(), *HOSTILE[:3], HOSTILE[3]]) + "no json\n[1]\n\n", encoding="utf-8")
    assert main(["import", str(file), "--kind", "tools", "--out", str(out), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["rows"], made["mended"], made["failed"]) == (8, 5, 3)
    assert made["tools"] + made["merged"] == 5
    assert made["failures"] == {"bad_row": 2, "not_json": 1}
    tools = [
        Tool.model_validate_json(line) for line in (out / "products" / "tools.jsonl").read_text("utf-8").splitlines()
    ]
    assert tools[0].demand == 1, "one persona asked twice"
    assert len({tool.name for tool in tools}) == len(tools) == made["tools"]
    assert {path.name for path in tmp_path.iterdir()} == {"rows.jsonl", "run"}
    failures = [json.loads(line) for line in (out / "products" / "failures.jsonl").read_text("utf-8").splitlines()]
    assert [one["unit"] for one in failures] == ["rows.jsonl:6", "rows.jsonl:7", "rows.jsonl:8"]
    before = {path.name: path.read_bytes() for path in (out / "products").iterdir()}
    assert main(["import", str(file), "--kind", "tools", "--out", str(out)]) == 0, "once more is nothing more"
    assert "5 of 8 rows (62.5%) are valid tools now" in " ".join(capsys.readouterr().out.split())
    assert {path.name: path.read_bytes() for path in (out / "products").iterdir()} == before
    for command in (["show", str(out), "tools"], ["show", str(out), "failures"], ["show", str(out), "tools", "1"]):
        assert main(command) == 0
        assert "\x1b[2J" not in capsys.readouterr().out
    for to in ("openai-strict", "mcp", "langchain", "xlam"):
        assert main(["export", str(out), "--to", to]) == 0
    file.write_text(lines([row()]), encoding="utf-8")
    assert main(["import", str(file), "--kind", "tools", "--out", str(out)]) == 2
    assert "holds something else already" in " ".join(capsys.readouterr().err.split())


def test_without_merging_every_definition_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(lines([row(), row(), row()]), encoding="utf-8")
    assert main(["import", str(file), "--kind", "tools", "--no-merge", "--out", str(tmp_path / "run"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tools"] == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "it has no rows"), ("[1]\n", "the row is no object"), ('{"persona": "x"}\n', "there is no text under")],
)
def test_a_file_without_any_tool_is_an_error(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(content, encoding="utf-8")
    assert main(["import", str(file), "--kind", "tools", "--out", str(tmp_path / "run")]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert main(["import", str(tmp_path / "none"), "--kind", "tools", "--out", str(tmp_path / "run2")]) == 2
    assert main(["import", str(file), "--kind", "lamps", "--out", str(tmp_path / "run3")]) == 2


@pytest.mark.skipif(
    not RELEASED.exists(), reason="the released rows are not here (../shared/data/personahub_tools.jsonl)"
)
def test_of_the_released_rows_99_percent_become_valid_definitions() -> None:
    failures, mended, tools = Counter(), 0, 0
    for number, line in enumerate(RELEASED.read_text("utf-8").splitlines()):
        try:
            made = mend(json.loads(line))
        except Unmendable as error:
            failures[error.cause] += 1
            continue
        mended, tools = mended + 1, tools + len(made.tools)
        if number % 5 == 0:  # every fifth is looked at in depth; all were parsed into the model
            assert sound(made) == [], number
    assert mended + failures.total() == 2500
    assert failures == {"not_a_tool": 9}
    assert mended / 2500 >= 0.99
    assert tools >= mended


def test_half_letters_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(lines([SURROGATE]), encoding="utf-8")
    assert main(["import", str(file), "--kind", "tools", "--out", str(tmp_path / "run"), "--json"]) == 0
    assert "A broken \ufffd letter." in (tmp_path / "run" / "products" / "tools.jsonl").read_text("utf-8")
