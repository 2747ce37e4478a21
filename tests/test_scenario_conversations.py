"""The section ``conversations``: situations inline and from a file, behaviours, profiles, and how they are crossed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.stages.encounters import Opening, cross, manners
from simulator.errors import ScenarioError
from simulator.models.situation import Asked, Situation, Success
from simulator.scenario.behaviours import BEHAVIOURS
from simulator.scenario.conversations import Conversations
from simulator.scenario.load import dump_scenario, parse_scenario

PARCEL = {
    "name": "lost-parcel",
    "goal": "have the parcel brought on Saturday",
    "asked": [{"fact": "the parcel number is 4471", "when": "parcel number"}, "the street is Mill Lane"],
    "success": "the desk promises Saturday",
}


def parsed(base: Path = Path(), **conversations):
    sections = {"name": "s", "texts": {"paths": "texts"}, "conversations": conversations}
    return parse_scenario(json.dumps(sections), base=base)


def test_situations_need_no_instructions_and_short_forms_are_understood() -> None:
    [one] = parsed(situations=[PARCEL]).conversations.situations
    assert one.asked == (
        Asked(fact="the parcel number is 4471", when=("parcel number",)),
        Asked(fact="the street is Mill Lane"),
    )
    assert one.success == Success(criterion="the desk promises Saturday")
    assert not Situation()
    assert one


def test_situations_of_a_file_stand_in_the_resolved_scenario(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text(json.dumps([PARCEL]))
    scenario = parsed(tmp_path, situations="desk.yaml")
    (tmp_path / "desk.yaml").unlink()
    assert parse_scenario(dump_scenario(scenario), base=tmp_path).conversations == scenario.conversations


@pytest.mark.parametrize(
    ("conversations", "message"),
    [
        ({"situations": [{"goal": "x"}]}, "situation 1 has no 'name'"),
        ({"situations": [PARCEL, {**PARCEL}]}, "two situations are named 'lost-parcel'"),
        ({"situations": "nowhere.yaml"}, "'nowhere.yaml' cannot be read"),
        ({"situations": [PARCEL], "situation": "rain"}, "both 'situation' and 'situations'"),
        ({"situations": [{**PARCEL, "success": {"said": "(" }}]}, "not a regular expression"),
        ({"situations": [PARCEL], "profiles": [{"share": share, "behaviours": "terse"} for share in (0.6, 0.5)]}, "add up to 1.1"),
        ({"situations": [PARCEL], "profiles": [{"share": 0.7, "behaviours": "rude"}]}, "no behaviour 'rude'"),
        ({"situations": [PARCEL], "opener": "posed"}, "needs 'instructions'"),
        ({"situations": [{**PARCEL, "goal": "x" * 4_001}]}, r"situations\.0\.goal: has 4,001 characters; at most 4,000 are allowed: say in"),
        ({}, "needs 'instructions'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(conversations: dict, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        parsed(**conversations)


def test_every_behaviour_of_the_library_can_be_tested() -> None:
    assert {"terse", "impatient", "changes-mind", "misunderstands", "non-native", "makes-typos"} < set(BEHAVIOURS)
    for one in BEHAVIOURS.values():
        assert len(one.violation_rubrics) >= 2
        assert one.instructions.startswith("You ")


def test_a_behaviour_of_ones_own_stands_in_for_the_librarys() -> None:
    own = {"name": "terse", "instructions": "You answer in one word."}
    section = parsed(
        situations=[PARCEL], behaviours=[own], profiles=[{"share": 1, "behaviours": "terse"}]
    ).conversations
    [terse] = section.manner(section.profiles[0])
    assert terse.instructions == "You answer in one word."


sizes = st.integers(1, 12)
caps = st.none() | st.integers(1, 9)


@given(sizes, sizes, caps, caps, caps)
def test_the_cross_product_keeps_its_caps_and_spreads(people, kinds, count, each, room) -> None:
    openings = [Opening(f"p-{number}") for number in range(people)]
    situations = tuple(Situation(name=f"s{number}") for number in range(kinds))
    section = Conversations(situations=situations, count=count, per_persona=each, per_situation=room)
    pairs = [(opening.persona, situations[place].name) for opening, place in cross(openings, situations, section)]
    assert len(set(pairs)) == len(pairs) <= min(people * kinds, count or people * kinds)
    held, met = Counter(persona for persona, _ in pairs), Counter(name for _, name in pairs)
    assert max(held.values()) <= (each or kinds)
    assert max(met.values()) <= (room or people)
    if each is None and room is None:
        assert len(pairs) == min(people * kinds, count or people * kinds)
        assert max(held.values()) - min(held.get(one.persona, 0) for one in openings) <= 1


@given(st.integers(0, 60), st.lists(st.sampled_from([0.1, 0.25, 0.3]), max_size=3), st.integers(0, 9))
def test_profiles_are_met_as_nearly_as_whole_people_can(people, shares, seed) -> None:
    section = Conversations(
        situations=(Situation(name="s"),),
        profiles=[{"share": share, "behaviours": name} for share, name in zip(shares, BEHAVIOURS, strict=False)],
    )
    cast = [f"p-{number}" for number in range(people)]
    dealt = manners(section, cast, seed)
    assert dealt == manners(section, cast, seed)
    found = Counter(dealt.values())
    for place, share in enumerate(shares):
        assert abs(found[place] - share * people) < 1


@given(
    st.integers(0, 40), st.integers(0, 9), st.lists(st.sampled_from([0.1, 0.25, 0.5]), max_size=2), st.integers(0, 9)
)
def test_who_comes_late_changes_nobodys_manner(people, late, shares, seed) -> None:
    section = Conversations(
        situations=(Situation(name="s"),),
        profiles=[{"share": share, "behaviours": name} for share, name in zip(shares, BEHAVIOURS, strict=False)],
    )
    cast = [f"p-{number}" for number in range(people + late)]
    first = manners(section, cast[:people], seed)
    dealt = manners(section, cast, seed, {id_: first.get(id_) for id_ in cast[:people]})
    assert {id_: dealt.get(id_) for id_ in cast[:people]} == {id_: first.get(id_) for id_ in cast[:people]}
    found = Counter(dealt.values())
    for place, share in enumerate(shares):
        assert abs(found[place] - share * (people + late)) < 2


@given(sizes, sizes, sizes, caps, caps, caps)
def test_who_comes_late_changes_no_meeting_and_keeps_the_caps(people, late, kinds, count, each, room) -> None:
    openings = [Opening(f"p-{number}") for number in range(people + late)]
    situations = tuple(Situation(name=f"s{number}") for number in range(kinds))
    section = Conversations(situations=situations, count=count, per_persona=each, per_situation=room)
    first = [(opening.persona, place) for opening, place in cross(openings[:people], situations, section)]
    kept = {f"meeting {persona} {place}" for persona, place in first}
    pairs = [(opening.persona, place) for opening, place in cross(openings, situations, section, kept)]
    assert set(first) <= set(pairs)
    assert len(set(pairs)) == len(pairs) <= min((people + late) * kinds, count or (people + late) * kinds)
    assert max(Counter(persona for persona, _ in pairs).values()) <= (each or kinds)
    assert max(Counter(place for _, place in pairs).values()) <= (room or people + late)


def test_another_seed_deals_the_profiles_to_others() -> None:
    section = Conversations(situations=(Situation(name="s"),), profiles=[{"share": 0.5, "behaviours": "terse"}])
    cast = [f"p-{number}" for number in range(30)]
    assert set(manners(section, cast, 1)) != set(manners(section, cast, 2))
