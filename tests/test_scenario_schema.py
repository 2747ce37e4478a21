"""The JSON Schema of scenario files: what is valid fits it, shorthands included, and wrong keys do not."""

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from simulator.errors import ScenarioError
from simulator.scenario.conversations import Conversations
from simulator.scenario.load import json_schema, parse_scenario
from simulator.scenario.schema import Scenario

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
GOOD = {"name": "demo", "texts": "my-texts"}

SHORT = [
    "texts: my-texts",
    "texts: [a.txt, b.md]",
    "texts: {paths: my-texts}",
    "personas: runs/people",
    "personas: [a.jsonl]",
    "cast: 20",
    "instructions: 3",
    "expand: 2",
    "models: {default: 'openai:m', roles: {user: {spec: local, batch: false}, poser: {spec: local, batch: true}}}",
    "conversations: {situations: desk.yaml, assistant: 'bot.py:reply', judge: goal, script: Hello.}",
    "conversations: {situations: [{name: a, asked: number, success: done, knows: it}], assistant: {use: local}}",
    "problems: {subjects: mathematics}",
    "writings: {kinds: [letter, note]}",
]
WRONG = [
    "textss: a",
    "texts: {path: a}",
    "texts: []",
    "cast: {sizes: 2}",
    "cast: 0",
    "expand: 7",
    "models: {default: {sepc: local}}",
    "models: {roles: {ghost: local}}",
    "conversations: {situations: [{name: a, goals: x}]}",
    "conversations: {checks: [{regx: a}]}",
    "conversations: {assistant: {uses: a}}",
]


@pytest.fixture(scope="module")
def check() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("line", SHORT)
def test_shorthands_fit_it_and_are_read(check: Any, line: str, tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text("[{name: a, goal: b}]")
    data = {**GOOD, "instructions": {}, **yaml.safe_load(line)}
    assert [error.message for error in check.iter_errors(data)] == []
    assert parse_scenario(yaml.safe_dump(data), base=tmp_path)


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_fits_neither(check: Any, line: str) -> None:
    data = {**GOOD, "instructions": {}, **yaml.safe_load(line)}
    assert list(check.iter_errors(data))
    with pytest.raises(ScenarioError):
        parse_scenario(yaml.safe_dump(data), base=Path())


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_scenarios_fit_it(check: Any, path: Path) -> None:
    assert [error.message for error in check.iter_errors(yaml.safe_load(path.read_text("utf-8")))] == []


@pytest.mark.parametrize("page", PAGES)
def test_what_the_pages_show_fits_it(check: Any, page: str) -> None:
    for block in re.findall(r"^```yaml\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL):
        data = yaml.safe_load(block)
        if "races" in data or "manners" in data:
            continue  # of a world
        inner = data.keys() <= Conversations.model_fields.keys() and not data.keys() <= Scenario.model_fields.keys()
        if inner or isinstance(data.get("tools"), list):
            data = {"conversations": {"assistant": data} if "tools" in data else data}
        assert [error.message for error in check.iter_errors({**GOOD, **data})] == [], block


def test_wrong_values_are_told_in_plain_words() -> None:
    told = {
        "name: my people/2": "name: must be of lower-case letters, digits and hyphens, at most 64, such as 'my-people-2'",
        "texts: 3": "texts: must be keys and values; allowed: paths, field, questions",
        "cast: many": "cast: must be keys and values; allowed: size, strategy",
        "seed: x": "seed: must be a whole number (got 'x')",
        "conversations: {situations: [{name: a, goals: b}]}": "situations.0.goals: unknown key; did you mean 'goal'?",
        "conversations: {checks: [{regx: a}]}": "checks.0.regx: unknown key; did you mean 'regex'?",
        "prompts: [a]": "prompts: must be keys and values (got ['a'])",
        "conversations: {script: {a: b}}": "conversations.script: must be a list, such as [a, b]",
        "expand: {hops: [1]}": "expand.hops: must be a whole number (got [1])",
    }
    for line, words in told.items():
        with pytest.raises(ScenarioError) as caught:
            parse_scenario(yaml.safe_dump({**GOOD, "instructions": {}, **yaml.safe_load(line)}), base=Path())
        assert words in str(caught.value), line
        assert "pydantic" not in str(caught.value)
        assert "Input should" not in str(caught.value)
