"""What the schema of a reply asks a model for, and what becomes of an answer to what nobody asked for."""

from __future__ import annotations

import pytest
from fault_cases import inputs_of, role_named
from role_cases import Letters, flaw, perform

from simulator.llm.scripted import ScriptedModel
from simulator.prompts.template import parse_prompt
from simulator.roles.extractor import ExtractorInput, FoundPersona
from simulator.roles.role import RoleContext


@pytest.mark.parametrize(
    ("name", "asked"),
    [("extractor", ["persona"]), ("relator", ["relation", "persona"]), ("problem_writer", ["problem"])],
)
def test_a_model_is_asked_for_no_more_than_its_prompt_tells(name: str, asked: list[str]) -> None:
    role = role_named(name)
    _, model = perform(role, role.inputs.model_validate(inputs_of(name)), ["{}"] * 3)
    [schema] = {one.reply_schema.model_dump_json(): one.reply_schema for one in model.requests}.values()
    assert list(schema.body["properties"]) == schema.body["required"] == asked


def test_a_prompt_that_names_a_field_is_given_it() -> None:
    text = "---\ndata: [text]\n---\n# system\nReply with {parts} for who would $question it.\n# user\n$text\n"
    for parts, asked in (('JSON: {"who": "...", "persona": "..."}', frozenset()), ('{"persona": "..."}', {"who"})):
        prompt = parse_prompt(text.replace("{parts}", parts), "extractor", "own")
        context = RoleContext(role_named("extractor"), prompt, ScriptedModel([]), Letters())  # type: ignore[arg-type]
        assert context.unasked == asked


INPUTS = ExtractorInput(text="The ward round begins at six. Whoever is on call writes the list.", question="read")
PERSONA = "a paramedic on the night shift in a port city who counts the calls that were no emergency"


@pytest.mark.parametrize(
    "who", ["a sales representative for a seed company", "a retired bus mechanic", "bot farm owner"]
)
def test_what_somebody_is_may_be_any_trade(who: str) -> None:
    """A server without schemas may let a model answer a field that nobody asked for."""
    found = FoundPersona(who=who, persona=PERSONA)
    assert flaw(role_named("extractor"), INPUTS, found, "standard") is None


@pytest.mark.parametrize("persona", ["a farrier who works for the", "a night nurse with two sons and", "a baker whose"])
def test_a_description_that_is_cut_is_still_found(persona: str) -> None:
    found = FoundPersona(persona=f"{PERSONA}. She is the aunt of {persona}")
    assert flaw(role_named("extractor"), INPUTS, found, "standard") == "unfinished"
