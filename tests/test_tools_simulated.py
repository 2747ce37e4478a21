"""Simulated calls: checked, with a memory, the same for the same calls."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tool_cases import SET

from graphs.talk.company import played_by
from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.llm.scripted import ScriptedModel
from simulator.prompts.template import load_prompt
from simulator.roles.role import RoleContext
from simulator.roles.tool_player import tool_player
from simulator.tools.schema import result_flaw
from simulator.tools.simulated import SimulatedTools


def play(*calls: tuple[str, dict], **said):
    simulated = SimulatedTools(SET, **said)

    async def work():
        return [await simulated.call(name, arguments) for name, arguments in calls]

    return asyncio.run(work())


def test_what_was_ordered_can_be_tracked_listed_and_cancelled() -> None:
    (first,) = play(("order_frames", {"item": "frame", "count": 2}))
    number = first.result["order_number"]
    tracked = ("track_order", {"order_number": number})
    answers = play(
        ("order_frames", {"item": "frame", "count": 2}),
        ("order_frames", {"item": "frame", "count": 2}),
        tracked,
        ("list_orders", {"item": "frame"}),
        ("list_orders", {"item": "lid"}),
        ("cancel_order", {"order_number": number}),
        tracked,
        ("cancel_order", {"order_number": number}),
    )
    ordered, again, status, listed, others, cancelled, gone, twice = answers
    assert ordered == first
    assert again.result["order_number"] != number, "two orders are two"
    assert status.result["day"] == ordered.result["day"]
    assert status.result["item"] == "frame"
    numbers = [row["order_number"] for row in listed.result["rows"]]
    assert numbers[:2] == [number, again.result["order_number"]]
    assert number not in [row["order_number"] for row in others.result["rows"]]
    assert cancelled.result == {"status": "cancelled"}
    assert (gone.error, twice.error) == ("not_found", "not_found")
    assert number in gone.message


def test_what_a_tool_said_once_it_says_again_and_no_reading_changes_what_was_written() -> None:
    asked = ("track_order", {"order_number": "ZZ-1"})
    first, again, other = play(asked, asked, ("track_order", {"order_number": "ZZ-2"}))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("order_frames", {"item": "frame"}, "invalid_arguments", "'count' is a required property"),
        (
            "order_frames",
            {"item": "frame", "count": 99},
            "invalid_arguments",
            "count: 99 is greater than the maximum of 9",
        ),
        ("order_frames", {"item": 3, "count": 2}, "invalid_arguments", "item: 3 is not of type 'string'"),
        ("order_frames", {"item": "a", "count": 1, "x": 1}, "invalid_arguments", "Additional properties"),
        ("drop_tables", {}, "unknown_tool", "there is no tool 'drop_tables'"),
    ],
)
def test_calls_that_do_not_fit_are_errors_that_say_why(name: str, arguments: dict, error: str, message: str) -> None:
    (answer,) = play((name, arguments))
    assert (answer.result, answer.error) == (None, error)
    assert message in answer.message


def test_a_pattern_is_kept_by_a_worked_example_and_errors_are_the_tool_s_own() -> None:
    (sealed,) = play(("seal_crate", {"crate_id": "C-1"}))
    assert sealed.result == {"seal": "QX-2201"}
    failed = play(*[("seal_crate", {"crate_id": f"C-{n}"}) for n in range(8)], error_percent=100)
    assert {one.error for one in failed} == {"crate_not_found"}
    some = play(*[("seal_crate", {"crate_id": f"C-{n}"}) for n in range(60)], error_percent=30)
    assert 5 < sum(one.error != "" for one in some) < 35


CALLS = st.lists(
    st.one_of(
        st.tuples(
            st.just("order_frames"),
            st.fixed_dictionaries({"item": st.sampled_from(["frame", "<b>"]), "count": st.integers(1, 9)}),
        ),
        st.tuples(
            st.sampled_from(["track_order", "cancel_order"]),
            st.fixed_dictionaries({"order_number": st.sampled_from(["OR-1", "OR-2"])}),
        ),
        st.tuples(st.just("list_orders"), st.fixed_dictionaries({"item": st.text(max_size=5)})),
        st.tuples(st.just("seal_crate"), st.fixed_dictionaries({"crate_id": st.text(max_size=5)})),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(CALLS, st.integers(0, 3), st.sampled_from([0, 40]))
def test_every_result_fits_its_schema_and_the_same_calls_get_the_same_answers(calls, seed: int, errors: int) -> None:
    answers = play(*calls, seed=seed, error_percent=errors)
    assert answers == play(*calls, seed=seed, error_percent=errors)
    tools = {one.name: one for one in SET}
    for (name, _), answer in zip(calls, answers, strict=True):
        assert (answer.result is None) == bool(answer.error)
        if answer.result is not None:
            assert result_flaw(tools[name], answer.result) is None


def test_a_model_plays_the_tools_and_rules_step_in_for_what_does_not_fit() -> None:
    asked = []

    def player(request) -> str:
        asked.append(request.messages[-1].content)
        return '{"day": "2026-07-01", "item": "lid", "status": "packed"}' if "track_order" in asked[-1] else "{}"

    context = RoleContext(tool_player(), load_prompt("tool_player"), ScriptedModel(player), WordLlamaEmbedder())
    ordered, tracked = play(
        ("order_frames", {"item": "frame", "count": 2}),
        ("track_order", {"order_number": "OR-9"}),
        play=played_by(context),
    )
    assert (ordered.by, tracked.by) == ("rule", "model")
    assert tracked.result["status"] == "packed"
    assert "order_frames" in asked[-1], "it is told of earlier calls"
