"""The role machine: best-of-k, checks, rounds, one repair turn, and failures that keep what came."""

import asyncio
import json
from collections.abc import Sequence

import numpy as np
import pytest
from pydantic import Field

from graphs.role import build, perform_unit
from simulator.errors import EndpointUnreachable
from simulator.llm.scripted import ScriptedModel
from simulator.models.base import Record
from simulator.models.message import Reply
from simulator.models.unit import Unit
from simulator.prompts.template import parse_prompt
from simulator.roles.role import Check, Role, RoleContext


class Trade(Record):
    trade: str


class Saying(Record):
    saying: str = Field(min_length=3, max_length=60)
    mood: str = Field(min_length=2, max_length=20)


class Embedder:
    name = "letters"

    async def embed(self, texts: Sequence[str]):
        return np.ones((len(texts), 2), dtype=np.float32) / np.sqrt(2)


PROMPT = """---
data: [trade]
ask: {ask}
candidates: {k}
rounds: {rounds}
repair: {repair}
questions: {questions}
---
# system
You write one saying of a trade.
# user
<trade>
$trade
</trade>
# examples
- values: {{trade: cooper}}
  reply: {{saying: No barrel without a bung, mood: dry}}
"""


def context(model, *, ask="object", k=1, rounds=1, repair="true", questions="{}", score=None) -> RoleContext:
    async def by_length(_inputs, values, _embedder):
        return [float(len(value.saying)) for value in values]

    role = Role(
        name="sayer",
        inputs=Trade,
        output=Saying,
        values=lambda inputs: {"trade": inputs.trade},
        checks=(
            Check("copy", lambda _, o: "it is the example" if "bung" in o.saying else None),
            Check("loud", lambda _, o: "it shouts" if o.saying.endswith("!") else None),
        ),
        score=by_length if score else None,
    )
    text = PROMPT.format(ask=ask, k=k, rounds=rounds, repair=repair, questions=questions)
    return RoleContext(role, parse_prompt(text, "sayer", "test"), model, Embedder())


UNIT = Unit(stage="say", role="sayer", inputs={"trade": "roofer"}, seed=3)


def saying(text: str) -> str:
    return json.dumps({"saying": text, "mood": "calm"})


def perform(model, **options):
    return asyncio.run(perform_unit(UNIT, context(model, **options)))


def test_the_first_reply_that_passes_is_the_value() -> None:
    model = ScriptedModel([saying("Slate first, sky after")])
    result = perform(model)
    assert result.value == {"saying": "Slate first, sky after", "mood": "calm"}
    assert result.failure is None
    assert len(model.requests) == 1
    roles = [message.role for message in model.requests[0].messages]
    assert roles == ["system", "user", "assistant", "user"]
    assert "roofer" in model.requests[0].messages[-1].content
    assert model.requests[0].reply_schema is not None


def test_best_of_k_takes_the_highest_score_among_those_that_pass() -> None:
    texts = ["Up is up", "The longest of all is about a bung and is the example", "A roof is a promise"]
    model = ScriptedModel(lambda request: saying(texts[request.attempt]))
    result = perform(model, k=3, score=True)
    assert result.value["saying"] == "A roof is a promise"
    assert result.score == len("A roof is a promise")
    assert [attempt.flaw for attempt in result.rejected] == ["copy"]


def test_the_drafts_differ_in_seed_and_attempt() -> None:
    model = ScriptedModel(lambda request: saying("Slate first"))
    perform(model, k=4)
    assert [request.attempt for request in model.requests] == [0, 1, 2, 3]
    assert len({request.seed for request in model.requests}) == 4


def test_another_round_is_drawn_before_the_repair() -> None:
    model = ScriptedModel(lambda request: saying("bung bung" if request.attempt < 2 else "Slate first"))
    result = perform(model, k=2, rounds=2)
    assert result.value["saying"] == "Slate first"
    assert [request.attempt for request in model.requests] == [0, 1, 2, 3]


def test_a_flawed_reply_gets_one_repair_turn_that_names_the_flaw() -> None:
    model = ScriptedModel([saying("No barrel without a bung"), saying("Slate first")])
    result = perform(model)
    assert result.value["saying"] == "Slate first"
    last = model.requests[-1].messages
    assert [message.role for message in last[-2:]] == ["assistant", "user"]
    assert "it is the example" in last[-1].content


def test_the_one_repair_turn_names_all_that_is_wrong() -> None:
    model = ScriptedModel([saying("No barrel without a bung!"), saying("Slate first")])
    assert perform(model).value["saying"] == "Slate first"
    assert "it is the example\nit shouts" in model.requests[-1].messages[-1].content


def test_what_is_never_valid_fails_with_the_raw_reply() -> None:
    model = ScriptedModel(lambda request: "Sure! I would say slate.")
    result = perform(model)
    assert result.value is None
    assert result.failure.cause == "invalid"
    assert result.failure.raw == "Sure! I would say slate."
    assert result.failure.attempts == 2
    assert len(result.rejected) == 2


def test_without_repair_the_unit_fails_after_its_rounds() -> None:
    model = ScriptedModel(lambda request: saying("bung bung"))
    result = perform(model, k=2, rounds=3, repair="false")
    assert result.failure.cause == "copy"
    assert len(model.requests) == 6


@pytest.mark.parametrize(("finish", "cause"), [("length", "cut"), ("content_filter", "refused")])
def test_cut_and_refused_replies_are_never_a_product(finish: str, cause: str) -> None:
    model = ScriptedModel(lambda request: Reply(text=saying("Slate first"), finish=finish, model="m"))
    result = perform(model, repair="false")
    assert result.value is None
    assert result.failure.cause == cause
    assert "Slate first" in result.failure.raw


def test_fields_are_asked_one_at_a_time_and_see_the_earlier_ones() -> None:
    answers = {"saying": "Slate first", "mood": "calm"}

    def reply(request):
        (field,) = request.reply_schema.body["properties"]
        return json.dumps({field: answers[field]})

    model = ScriptedModel(reply)
    result = perform(model, ask="fields", questions="{saying: 'The saying?', mood: 'Its mood?'}")
    assert result.value == answers
    first, second = (request.messages for request in model.requests)
    assert first[-1].content.endswith("The saying?")
    assert second[: len(first)] == first  # the shared prefix grows, so a server can keep it
    assert [message.content for message in second[len(first) :]] == ['{"saying": "Slate first"}', "Its mood?"]


def test_an_endpoint_error_is_raised_as_itself() -> None:
    model = ScriptedModel(lambda request: EndpointUnreachable("nobody there"))
    with pytest.raises(EndpointUnreachable, match="nobody there"):
        perform(model, k=3)


def test_the_picture_of_the_machine() -> None:
    edges = {(edge.source, edge.target) for edge in build().get_graph().edges}
    assert {
        ("perform", "check"),
        ("check", "settle"),
        ("check", "perform"),
        ("check", "repair"),
        ("repair", "check"),
    } <= edges
