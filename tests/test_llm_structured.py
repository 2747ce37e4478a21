"""Types to schemas, and replies to values."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter

from simulator.errors import InvalidReply
from simulator.llm.fakes.dice import Dice
from simulator.llm.fakes.pattern import matching
from simulator.llm.fakes.values import value_for
from simulator.llm.structured import parse, schema_of
from simulator.llm.tiers import strict_schema
from simulator.models.base import Record


class Place(Record):
    """Where it is."""

    name: str = Field(min_length=2, max_length=30)
    title: str = "none"


class Cat(Record):
    kind: Literal["cat"]
    lives: int = Field(ge=1, le=9)


class Dog(Record):
    kind: Literal["dog"]
    tricks: tuple[str, ...] = Field(min_length=1, max_length=4)


class Everything(Record):
    home: Place = Field(description="the place")
    others: list[Place] = Field(min_length=2, max_length=3)
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    code: str = Field(pattern=r"^[A-Z]{2}-\d{3}(?:x|yz)?$")
    weight: float = Field(gt=0, lt=10)
    even: int = Field(multiple_of=2, gt=-7, lt=7)
    maybe: str | None = None
    yes: bool = False
    pair: tuple[int, str] = (1, "a")


class Tree(Record):
    name: str
    children: tuple[Tree, ...] = ()


@dataclass
class Plain:
    count: int


def nodes(schema: Any) -> list[dict[str, Any]]:
    """Return every schema inside ``schema``; the names of properties are not schemas."""
    if isinstance(schema, list):
        return [node for item in schema for node in nodes(item)]
    if not isinstance(schema, dict):
        return []
    found = [schema]
    for key, value in schema.items():
        found += nodes(list(value.values()) if key in ("properties", "$defs") else value)
    return found


def test_the_schema_is_written_out_closed_and_bare() -> None:
    schema = schema_of(Everything)
    assert schema.name == "Everything"
    for node in nodes(schema.body):
        assert not {"$ref", "$defs", "title", "default", "discriminator"} & set(node), node
        if "properties" in node:
            assert node["required"] == list(node["properties"])
            assert node["additionalProperties"] is False
    assert schema.body["properties"]["home"]["description"] == "the place"
    assert "title" in schema.body["properties"]["home"]["properties"], "a property of that name stays"


def test_a_recursive_type_keeps_its_reference() -> None:
    body = schema_of(Tree).body
    assert body["type"] == "object"
    assert body["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    jsonschema.validate({"name": "a", "children": [{"name": "b", "children": []}]}, body)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "a", "children": [{"name": 7, "children": []}]}, body)


@pytest.mark.parametrize("type_", [list[str], str, int, Cat | Dog])
def test_what_is_no_object_cannot_be_a_reply(type_: Any) -> None:
    with pytest.raises(TypeError, match="JSON object"):
        schema_of(type_)


def test_dataclasses_are_types_too() -> None:
    assert schema_of(Plain).body["properties"] == {"count": {"type": "integer"}}
    assert parse('{"count": 3}', Plain) == Plain(3)


@given(st.binary(max_size=8))
def test_fake_values_satisfy_the_schema_the_type_and_the_parser(seed: bytes) -> None:
    """The fake server's values, an independent validator and our parser agree on what the type allows."""
    for type_ in (Everything, Tree):
        schema = schema_of(type_).body
        value = value_for(schema, Dice(seed))
        jsonschema.validate(value, schema)
        parsed = parse(json.dumps(value), type_)
        assert isinstance(parsed, type_)


@given(st.binary(max_size=8))
def test_the_strict_dialect_only_widens(seed: bytes) -> None:
    schema = schema_of(Everything).body
    strict, closed = strict_schema(schema)
    assert closed
    jsonschema.validate(value_for(schema, Dice(seed)), strict)
    kept = {key for node in nodes(strict) for key in node}
    assert not kept & {"minLength", "maxLength", "oneOf", "allOf", "uniqueItems", "prefixItems", "title", "default"}


def test_an_open_object_cannot_be_strict() -> None:
    class Open(Record):
        notes: dict[str, str]

    assert strict_schema(schema_of(Open).body)[1] is False


PATTERNS = [
    r"^[a-z][a-z0-9_]{0,63}$",
    r"^[A-Za-z0-9_-]{1,64}$",
    r"(red|green|blue) (cat|dog)s?",
    r"\d{4}-\d{2}-\d{2}",
    r"^[^\s\"]+$",
    r"a*b+c?.\.",
    r"^\w+@\w+\.[a-z]{2,}$",
    r"[]x-]+",
    r"",
]


@given(st.sampled_from(PATTERNS), st.binary(max_size=8))
def test_made_strings_match_their_pattern(pattern: str, seed: bytes) -> None:
    import re

    assert re.search(pattern, matching(pattern, Dice(seed)))


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(a)\1", "(a", "[a", r"a\b", "a)"])
def test_patterns_that_are_not_covered_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"cover|close|early|match"):
        matching(pattern, Dice(b""))


GOOD = '{"name": "Ely", "title": "t"}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"\n  {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}```",
        f"Sure! Here it is:\n```json\n{GOOD}\n```\nAnything else?",
        f"Sure, {GOOD} - that is it.",
        f"A set is written {{like this}}: {GOOD}",
        '{"name": "Ely"}',
    ],
)
def test_one_object_is_found_in_what_models_wrap_around_it(text: str) -> None:
    assert parse(text, Place).name == "Ely"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON object"),
        ("I cannot do that.", "no JSON object"),
        (GOOD[:-3], "not valid JSON"),
        (GOOD + " and more", "not valid JSON: Extra data"),
        (GOOD + GOOD, "not valid JSON: Extra data"),
        (f"Either {GOOD} or {GOOD}", "2 JSON objects"),
        (f"```{GOOD}``` or ```{GOOD}```", "2 JSON objects"),
        ('{"name": "a", "name": "Ely"}', "'name' stands in it twice"),
        ('{"name": "Ely", "title": NaN}', "NaN is not"),
        ('{"name": "Ely", "title": Infinity}', "Infinity is not"),
        ('{"name": 7}', "name: "),
        ('{"name": "E"}', "name: String should have at least 2"),
        ('{"name": "Ely", "extra": 1}', "extra: "),
        ("{}", "name: Field required"),
        ("[]", "the reply: "),
        ('["Ely"]', "the reply: "),
        ("[" * 100_000, "nested too deeply"),
        ('{"name":' * 990 + "1" + "}" * 990, "nested too deeply"),
        ('{"name":' * 101 + "1" + "}" * 101, "nested too deeply"),
        ("x " + "{" * 100_000, "no JSON object"),
        ('x {"a":' * 50_000, "no JSON object"),
        ('{"name": ' + "9" * 10_000 + "}", "not valid JSON"),
        ("{'name': 'Ely'}", "not valid JSON"),
        ('{"name": "Ely",}', "not valid JSON"),
        ('{"name": "E\nly"}', "not valid JSON"),
    ],
)
def test_everything_else_is_invalid_and_says_why(text: str, why: str) -> None:
    with pytest.raises(InvalidReply) as caught:
        parse(text, Place)
    assert why in str(caught.value)
    assert caught.value.raw == text
    assert len(str(caught.value)) < 400


def test_types_are_not_bent_to_fit() -> None:
    for text in ('{"kind": "cat", "lives": "9"}', '{"kind": "cat", "lives": 9.5}', '{"kind": "cat", "lives": true}'):
        with pytest.raises(InvalidReply, match="lives"):
            parse(text, Cat)
    assert parse('{"kind": "dog", "tricks": ["sit"]}', Dog).tricks == ("sit",)


def test_only_the_first_errors_are_told() -> None:
    text = json.dumps({f"k{index}": 1 for index in range(9)} | {"name": "Ely"})
    with pytest.raises(InvalidReply, match="and 6 more"):
        parse(text, Place)


def test_unstorable_characters_inside_strings_are_replaced() -> None:
    assert parse('{"name": "a\\ud800b\\u0000"}', Place).name == "a\ufffdb\ufffd"
    assert parse('{"name": "\\ud83d\\udc11 ok"}', Place).name == "🐑 ok"


@given(st.text())
def test_no_text_makes_the_parser_fail_otherwise(text: str) -> None:
    with contextlib.suppress(InvalidReply):
        assert isinstance(parse(text, Place), Place)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_either_the_type_or_refused(value: Any) -> None:
    text = json.dumps({"name": value})
    fits = isinstance(value, str) and 2 <= len(value) <= 30
    if fits:
        assert parse(text, Place).name
    else:
        with pytest.raises(InvalidReply):
            parse(text, Place)


def test_what_the_parser_takes_pydantic_takes() -> None:
    assert TypeAdapter(Place).validate_json(GOOD) == parse(GOOD, Place)
