"""Fields, the values made up for them, and what rules derive of a tool that says little."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from simulator.models.tool import Tool, ToolExample, ToolField, ToolParameter
from simulator.tools.derive import completed, request_of, result_fields
from simulator.tools.schema import argument_flaw, result_flaw, schema_flaw, value_flaw
from simulator.tools.values import value_of

NAMES = st.sampled_from(
    ["date", "city", "price_eur", "order_number", "email", "days", "file_path", "x", "year", "team_name"]
)
NUMBERS = st.one_of(st.none(), st.integers(-1000, 1000), st.floats(-1000, 1000, allow_nan=False))


@st.composite
def fields(draw) -> ToolField:
    kind = draw(st.sampled_from(["string", "integer", "number", "boolean", "array"]))
    said: dict[str, object] = {}
    if kind in ("integer", "number"):
        low, high = draw(NUMBERS), draw(NUMBERS)
        if low is not None and high is not None and low > high:
            low, high = high, low
        if kind == "integer":
            low, high = (None if one is None else int(one) for one in (low, high))
        said = {"minimum": low, "maximum": high}
    elif kind == "array":
        said = {"items": draw(st.sampled_from(["string", "integer", "number", "boolean"]))}
    elif kind == "string":
        said = draw(
            st.sampled_from(
                [{}, {"enum": ("one", "two")}, *({"format": f} for f in ("date", "time", "date-time", "email", "uri"))]
            )
        )
    return ToolField(
        name=draw(NAMES), type=kind, description=draw(st.sampled_from(["It", "One, e.g. 'North Row'"])), **said
    )


@given(fields(), st.integers(0, 50))
def test_a_made_up_value_fits_its_field_and_is_the_same_again(field: ToolField, seed: int) -> None:
    value = value_of(field, seed)
    assert value_flaw(field.json_schema(), value) is None
    assert value == value_of(field, seed)


def test_values_look_like_what_the_name_says() -> None:
    made = {
        name: value_of(ToolField(name=name, type="string", description="It"), 7)
        for name in ("city", "order_number", "date", "email")
    }
    assert date.fromisoformat(made["date"])
    assert made["order_number"].startswith("OR-")
    assert made["email"].endswith("@example.org")
    assert made["city"][0].isupper()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"type": "array"}, "'items' goes with the type 'array'"),
        ({"type": "string", "items": "string"}, "'items' goes with"),
        ({"type": "integer", "enum": ("a",)}, "'enum' goes with strings"),
        ({"type": "number", "pattern": "^a$"}, "go with the type 'string'"),
        ({"type": "string", "minimum": 1}, "go with numbers"),
        ({"type": "integer", "minimum": 5, "maximum": 4}, "is above its maximum"),
        ({"type": "string", "enum": ("a", "a")}, "stands twice"),
        ({"type": "string", "pattern": "("}, "is no regular expression"),
        ({"type": "string", "pattern": "^(a+)+$"}, "for ever"),
        ({"type": "string", "pattern": "^(a|aa)+$"}, "for ever"),
        ({"type": "string", "pattern": "a" * 200}, "for ever"),
        ({"type": "object"}, "Input should be"),
        ({"type": "string", "name": "../x"}, "should match pattern"),
    ],
)
def test_fields_that_no_caller_can_fill_are_refused(said: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ToolField.model_validate({"name": "x", "description": "It", **said})


def test_formats_are_checked_and_messages_are_short() -> None:
    assert value_flaw({"type": "string", "format": "date"}, "tomorrow") == "'tomorrow' is not a 'date'"
    assert value_flaw({"type": "string", "format": "date"}, "2026-02-30") is not None
    assert value_flaw({"type": "string", "format": "uri"}, "no uri") is not None
    assert value_flaw({"type": "string", "format": "date-time"}, "2026-02-03T10:00:00Z") is None
    flaw = value_flaw({"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": "x" * 100_000})
    assert flaw.startswith("a: ")
    assert len(flaw) < 500


SMALL = Tool(
    id="f-1",
    personas=("p-1",),
    name="track_music_delivery",
    description="Tracks the delivery of sheet music from the publisher.",
    parameters=(
        ToolParameter(name="order_number", type="string", description="Number of the order"),
        ToolParameter(name="publisher", type="string", description="Who sends the music"),
    ),
    returns="The place of the parcel and the day of its arrival.",
)


def test_rules_say_what_they_can_and_that_they_did() -> None:
    made = completed(SMALL)
    assert made.effect == "reads"
    assert [field.name for field in made.result] == ["parcel_place", "arrival_day"]
    assert len(made.examples) == 2
    assert made.derived == ("effect", "result", "examples")
    assert (made.errors, made.dependencies) == ((), ())
    for example in made.examples:
        assert argument_flaw(made, example.arguments) is None
        assert result_flaw(made, example.result) is None
        assert example.query.startswith("Track the delivery of sheet music from the publisher: order number ")
    assert completed(made) == made
    assert schema_flaw(made.input_schema()) is None
    assert schema_flaw(made.output_schema()) is None


def test_what_somebody_said_stays() -> None:
    example = ToolExample(
        query="Where is it?", arguments={"order_number": "1", "publisher": "B"}, result={"place": "here"}
    )
    field = ToolField(name="place", type="string", description="Where it is")
    said = SMALL.model_copy(update={"effect": "adds", "result": (field,), "examples": (example,)})
    assert completed(said) == said


def test_a_pattern_without_an_example_gets_no_made_up_one() -> None:
    code = ToolParameter(name="code", type="string", description="Code of it", pattern="^[A-Z]{9}$")
    assert completed(SMALL.model_copy(update={"parameters": (code,)})).examples == ()


@settings(max_examples=50)
@given(st.text(max_size=300))
def test_any_sentence_about_a_result_makes_sound_fields(text: str) -> None:
    found = result_fields(text)
    assert found
    assert len({field.name for field in found}) == len(found)


@pytest.mark.parametrize(
    ("description", "text"),
    [
        ("Searches the attic.", "Search the attic."),
        ("This interface allows users to find a route. It is fast.", "Find a route."),
        ("An interface that fetches scores for a team", "Fetch scores for a team."),
        ("Tide tables", "Tide tables."),
        ("Carries a box.", "Carry a box."),
        ("Books a seat and chalks it up on the slate.", "Book a seat and chalk it up on the slate."),
        ("Lists the songs and tells where each one is.", "List the songs and tell where each one is."),
        ("Searches for songs, and says where they are.", "Search for songs, and say where they are."),
    ],
)
def test_a_description_makes_a_request(description: str, text: str) -> None:
    assert request_of(SMALL.model_copy(update={"description": description}), {}) == text


def test_a_schema_that_points_at_the_network_is_not_followed() -> None:
    from referencing.exceptions import Unresolvable

    with pytest.raises(Unresolvable):
        value_flaw({"$ref": "http://127.0.0.1:9/schema.json"}, {})
