"""What a small model chooses from when it writes NPCs: parts that fit every world, shared out over a cast."""

import asyncio
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from npc_writer_cases import BRIEF, PERSONA, ROLE, SEAT, WORLD, WORLDS, small_answer
from pydantic import ValidationError
from role_cases import Letters, flaw, perform

from simulator.errors import InputError
from simulator.models.manners import Manners
from simulator.models.npc import NpcTie
from simulator.models.world import World
from simulator.prompts.template import load_prompt
from simulator.roles.checks import word_pattern
from simulator.roles.npc_draft import NpcDraft
from simulator.roles.npc_manners import CHOSEN, Circumstance, manners_of, offers_for
from simulator.roles.npc_seat import Seat, seat_cast
from simulator.roles.npc_writer import brief_for, to_npc
from simulator.scenario.world import load_world

LISTS = ("habits", "strengths", "weaknesses", "pasts", "reasons", "ties", "occasions", "doings", "openings")
CAST = [f"{text} number {n}" for n in range(10) for text in ("a nurse", "a potato farmer", "a violinist", "a judge")]


def offers(personas: list[str], world: World = WORLD, seed: int = 3) -> list[dict[str, tuple[str, ...]]]:
    """Return what a cast is offered; every second one knows somebody, and every fourth has an errand for them."""
    seats = asyncio.run(seat_cast(world, personas, seed, Letters()))
    known = [
        Circumstance(f"Odra Flint at {elsewhere(seat)}" if row % 4 == 1 else "", row % 4 == 1, KNOWN if row % 2 else "")
        for row, seat in enumerate(seats)
    ]
    return asyncio.run(offers_for(world, personas, seats, seed, Letters(), known))


def elsewhere(seat: Seat) -> str:
    return "Lantern Quay" if seat.thing_place == "Gull Tower" else "Gull Tower"


KNOWN = "Odra is my younger sister"
TIE = NpcTie(npc="n-7", name="Odra Flint", relation="younger sister")


@pytest.mark.parametrize("name", ["saltmere", "halden"])
def test_the_built_in_parts_suit_worlds_in_english(name: str) -> None:
    world = load_world(WORLDS / name)
    parts, absent = manners_of(world), word_pattern(world.forbidden)
    for texts in (getattr(parts, name) for name in LISTS):
        assert len(texts) >= 10
        assert not [text for text in texts if absent.search(text)]
    assert len(parts.registers) >= 8
    assert all(len(one.lines) >= 4 and len(one.greetings) >= 2 for one in parts.registers)


def test_the_built_in_parts_speak_of_nobody_as_he_or_she_and_stand_once() -> None:
    parts = manners_of(WORLD)
    told = [text for name in LISTS for text in getattr(parts, name)] + [one.says for one in parts.registers]
    told += [line for one in parts.registers for line in (*one.lines, *one.greetings)]
    assert len(set(told)) == len(told)
    assert not {word for text in told for word in text.lower().split()} & {"he", "she", "his", "her", "him", "hers"}


def test_everything_that_may_be_chosen_passes_the_checks() -> None:
    people = asyncio.run(seat_cast(WORLD, CAST, 5, Letters()))
    for row, (seat, mine) in enumerate(zip(people, offers(CAST, seed=5), strict=True)):
        assert set(mine) == set(CHOSEN) - (set() if row % 2 else {"tie_line"})
        assert all("Odra Flint" in quest for quest in mine["quest"]) == (row % 4 == 1)
        brief = brief_for(WORLD, PERSONA, seat, [TIE], offers=mine)
        for field, texts in mine.items():
            for text in texts:
                draft = NpcDraft.model_validate({field: text})
                checks = [check for check in ROLE.checks if check.field == field]
                assert [told for check in checks if (told := check.test(brief, draft))] == [], text


def test_what_is_offered_is_shared_out_and_a_cast_can_grow() -> None:
    some = offers(CAST)
    assert offers(CAST[:6]) == some[:6]
    habits = [voice.split(", and ")[1] for one in some for voice in one["voice"]]
    most = max(habits.count(one) for one in habits)
    assert len(set(habits)) > 30
    assert most <= 3 * len(habits) / len(set(habits)), "no habit is everybody's"
    assert len({one["voice"][0].split(", and ")[0].split(" ", 1)[1] for one in some[:20]}) >= 5, (
        "ways of speaking differ"
    )
    assert offers([]) == []


def test_who_speaks_alike_does_not_greet_alike() -> None:
    some = offers(CAST[:8])
    for first, second in combinations(some, 2):
        assert not set(first["lines"]) & set(second["lines"])
    seats = asyncio.run(seat_cast(WORLD, CAST[:8], 3, Letters()))
    plain = [
        [text.replace(seat.thing, "it").replace(seat.place, "here") for text in one["greeting"]]
        for one, seat in zip(some, seats, strict=True)
    ]
    for first, second in combinations(range(8), 2):
        alike = some[first]["voice"][0].split(", and ")[0].split(" ", 1)[1] in some[second]["voice"][0]
        if alike:
            assert not set(plain[first]) & set(plain[second]), "two who speak alike are offered other greetings"
    for field in ("background", "personality"):
        told = [{text.split(" and once ")[-1].split(", but ")[-1] for text in one[field]} for one in some]
        assert not [one for one, other in combinations(told, 2) if one & other], f"no two of eight share a {field}"


def test_lines_speak_of_the_npcs_own_place_and_thing_and_need_them() -> None:
    said = "\n".join(line for one in offers(CAST) for line in one["lines"])
    assert "$" not in said
    bare = WORLD.model_copy(update={"things": ()})
    assert all("  " not in line for one in offers(CAST, bare) for line in one["lines"])


def test_a_world_may_have_manners_of_its_own_in_any_language(tmp_path: Path) -> None:
    world = load_world(WORLDS / "ninefords")
    assert offers(CAST[:2], world) == [{}, {}], "the built-in parts are in English"
    own = Manners.model_validate(
        {
            "registers": {"慢": {"says": "慢声细语", "lines": ["$place的灯亮着，人就在。", "先坐下，茶还热。"]}},
            "habits": ["说完总要看一眼江面"],
            "voice": "$first说话$says，$habit。",
        }
    )
    (mine,) = offers(CAST[:1], world.model_copy(update={"manners": own}))
    assert set(mine) == {"voice", "lines"}
    assert "慢声细语" in mine["voice"][0]


def test_the_manners_that_the_docs_show_are_valid() -> None:
    docs = (WORLDS.parents[1] / "docs" / "npcs.md").read_text(encoding="utf-8")
    shown = docs.split("```yaml\nmanners:")[1].split("```")[0]
    own = Manners.model_validate(yaml.safe_load(f"manners:{shown}")["manners"])
    (mine,) = offers(CAST[:1], WORLD.model_copy(update={"manners": own}))
    assert any(habit in mine["voice"][0] for habit in own.habits)


def test_a_world_replaces_a_list_and_keeps_the_others(tmp_path: Path) -> None:
    world = WORLD.model_copy(update={"manners": Manners(habits=("knots a cord while talking",))})
    assert manners_of(world).habits == ("knots a cord while talking",)
    assert manners_of(world).doings == manners_of(WORLD).doings
    assert world.id != WORLD.id


@pytest.mark.parametrize(
    ("manners", "told"),
    [
        ({"voice": "$first says $nothing"}, "'nothing' is no variable"),
        ({"registers": {"calm": {"says": "calmly", "lines": ["$5 for you."]}}}, "is no variable"),
        ({"quests": ["Bring $gold."]}, "'gold' is no variable"),
        ({"voices": ["low"]}, "unknown key"),
    ],
)
def test_wrong_manners_are_named(manners: dict[str, object], told: str, tmp_path: Path) -> None:
    body = WORLD.model_dump(mode="json", exclude={"manners"})
    (tmp_path / "world.yaml").write_text(yaml.safe_dump({**body, "manners": manners}), encoding="utf-8")
    with pytest.raises(InputError, match=told):
        load_world(tmp_path)


OFFERED = {
    "personality": ("Fenn is never late, but hates to be wrong.", "Fenn is kind to strangers, but forgets to eat."),
    "voice": ("Fenn speaks quietly, with long pauses, and hums between two sentences.",),
    "meeting": ("Late, when most people have gone home, Fenn is at Lantern Quay, splicing a rope, and waves.",),
    "lines": ("I did not mean to be in the way.\nYou may stay.", "It is late.\nSit down."),
}
CHOOSING = brief_for(WORLD, PERSONA, SEAT, offers=OFFERED)


def choosing(request: object) -> str:
    """Choose the last thing that the grammar allows, and write the rest."""
    grammar = request.sampling.extra.get("grammar", "")  # type: ignore[attr-defined]
    if not grammar:
        return small_answer(request)
    return yaml.safe_load(grammar.removeprefix("root ::= ").split(" | ")[-1])


def test_the_small_model_chooses_what_it_would_invent() -> None:
    result, model = perform(ROLE, CHOOSING, choosing, "small")
    assert result.failure is None, result.failure
    npc = to_npc(ROLE.output.model_validate(result.value), CHOOSING, WORLD)
    assert npc.personality in OFFERED["personality"]
    assert (npc.voice,) == OFFERED["voice"]
    assert (npc.meeting,) == OFFERED["meeting"]
    assert npc.lines == ("It is late.", "Sit down.")
    asked = [one for one in model.requests if "grammar" in one.sampling.extra]
    assert {one.sampling.stop for one in asked} == {()}, "what is whole is not cut"
    assert all(one.messages[-1].role == "user" for one in asked), "nothing is begun for it"
    assert not any("How does Fenn speak" in one.messages[-1].content for one in asked), "one thing is no choice"


def test_what_is_not_on_offer_is_refused_and_recorded() -> None:
    def stubborn(request: object) -> str:
        first = request.attempt == 0 and "grammar" in request.sampling.extra  # type: ignore[attr-defined]
        return "Fenn is a dragon." if first else choosing(request)

    result, _ = perform(ROLE, CHOOSING, stubborn, "small")
    assert result.failure is None
    assert {one.flaw for one in result.rejected} == {"choice"}


def test_a_capable_model_writes_all_of_it_and_is_told_nothing_of_what_others_choose_from() -> None:
    head = load_prompt("npc_writer").head
    assert head.choose == ()
    assert not set(CHOSEN) - set(ROLE.output.model_fields)
    values = ROLE.values(CHOOSING)
    prompt = load_prompt("npc_writer")
    system, user = prompt.render({name: value for name, value in values.items() if name in prompt.variables})
    assert "hums between two sentences" not in system + user


def test_an_npc_without_offers_is_written_as_before() -> None:
    result, _ = perform(ROLE, BRIEF, small_answer, "small")
    npc = to_npc(ROLE.output.model_validate(result.value), BRIEF, WORLD)
    assert (npc.voice, npc.meeting, npc.lines) == ("", "", ())


def test_names_that_look_like_variables_are_only_text() -> None:
    seat = Seat(name="$place", race="shorefolk", occupation="ferry rower", place="Lantern Quay")
    (mine,) = asyncio.run(offers_for(WORLD, [PERSONA], [seat], 1, Letters()))
    assert all(text.startswith("$place ") for text in mine["voice"])
    assert flaw(ROLE, BRIEF, NpcDraft()) == "short"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"registers": {"salty": 3}}, "registers"),
        ({"voice": "$goal"}, "'goal' is no variable"),
        ({"quests": ["Bring $nothing."]}, "'nothing' is no variable"),
        ({"meeting": "$"}, "no variable"),
    ],
)
def test_manners_that_cannot_be_put_together_are_refused_with_their_place(given: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Manners.model_validate(given)
