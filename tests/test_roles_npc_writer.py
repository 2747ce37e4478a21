"""The NPC writer: every check with a reply that fails and one that passes, and what becomes of a draft."""

import pytest
from npc_writer_cases import (
    BRIEF,
    CHOSEN,
    FIELDS,
    GOOD,
    OPEN,
    PERSONA,
    ROLE,
    SEAT,
    SISTER,
    WORLD,
    WORLDS,
    with_,
)
from role_cases import flaw

from simulator.llm.structured import schema_of
from simulator.models.npc import NpcTie
from simulator.prompts.chat import chat
from simulator.prompts.template import load_prompt
from simulator.roles.npc_draft import NpcBrief, NpcDraft
from simulator.roles.npc_seat import Seat
from simulator.roles.npc_writer import brief_for, npc_writer, to_npc
from simulator.scenario.world import load_world


def test_a_good_npc_passes_every_check() -> None:
    assert flaw(ROLE, BRIEF, GOOD) is None


@pytest.mark.parametrize(
    ("field", "text", "name"),
    [
        ("race", "elf", "not_in_world"),
        ("place", "Gull Tower", "not_in_world"),
        ("name", "Fenn Oake", "name"),
        ("personality", "Kind.", "short"),
        ("background", "", "short"),
        ("background", "As an AI I cannot say what Fenn does on the quay.", "leftover"),
        ("quest", "The player must bring a coil of tarred rope to the quay.", "leftover"),
        ("quest", "Fetch a coil of tarred rope from the Ropewalk and", "unfinished"),
        ("personality", "他很安静，喜欢在夜里划船，也喜欢写一些短短的诗。", "script"),
        ("background", "Fenn drove trucks along the quay until the old road was closed.", "forbidden"),
        ("background", "Fenn was a king of the quay and lost it all in a storm.", "forbidden"),
        ("background", "Fenn learned to row from old Bartholomew, who never slept on land.", "stranger"),
        ("personality", "He is proud of his boat, proud of his oars and proud of his poems.", "repetition"),
        (
            "background",
            "He has seen the bell divers climb down to look for blue glass, old coins and trouble.",
            "copy_of_lore",
        ),
        ("background", "Fenn shares his supper with the cats under the carts of the quay.", "copy_of_example"),
        ("appearance", "Fenn has a grey beard and looks like a ferry rower.", "trade_as_looks"),
        ("quest", "Help Fenn to find out what makes him so sad at night.", "no_goal"),
        ("greeting", "Fenn says that the boat is full and the tide is late.", "not_speech"),
        ("greeting", "The boat leaves when the bell rings twice.", "not_speech"),
        ("greeting", "Fenn is glad that you have come to the quay tonight.", "not_speech"),
        ("appearance", "Fenn has blistered palms, and her hat has verses on its brim.", "pronoun"),
        ("personality", "Fenn has blistered palms and wears a hat with verses.", "same_as_another"),
    ],
)
def test_what_users_would_not_accept_is_rejected_by_name(field: str, text: str, name: str) -> None:
    assert flaw(ROLE, BRIEF, with_(field, text)) == name


def test_a_copy_of_the_persona_is_rejected() -> None:
    brief = brief_for(WORLD, "A widow who mends old nets for her two brothers in the evening.", SEAT)
    copied = with_("background", "Fenn mends old nets for his friends; for her two brothers in the evening he sings.")
    assert flaw(ROLE, brief, copied) == "copy_of_persona"


def test_the_world_may_speak_of_those_whom_the_npc_knows() -> None:
    text = "Fenn learned to row from old Bartholomew, who never slept on land."
    tie = NpcTie(npc="n-1", name="Bartholomew Reed", relation="teacher")
    assert flaw(ROLE, brief_for(WORLD, PERSONA, SEAT, [tie]), with_("background", text)) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Morra Slate", None),
        ("Ilo of the Ebb", None),
        ("", "name"),
        ("Agent 47", "name"),
        ("Lampfish", "name"),
        ("Odo", "name"),
        ("[name]", "name"),
        ("one two three four five six seven", "name"),
    ],
)
def test_a_name_that_the_writer_chooses_is_a_name_of_its_own(name: str, expected: str | None) -> None:
    assert flaw(ROLE, OPEN, GOOD.model_copy(update={**CHOSEN, "name": name})) == expected


def test_what_is_not_settled_must_be_chosen_from_the_enumerations() -> None:
    assert flaw(ROLE, OPEN, GOOD.model_copy(update={**CHOSEN, "name": "Morra", "place": "the Moon"})) == "not_in_world"
    assert flaw(ROLE, OPEN, GOOD.model_copy(update={"name": "Morra"})) == "not_in_world"


def test_the_replys_schema_holds_the_enumerations() -> None:
    body = schema_of(ROLE.output).body
    assert body["properties"]["race"]["enum"] == [term.name for term in WORLD.races]
    assert set(body["required"]) == set(NpcDraft.model_fields)


@pytest.mark.parametrize("wrong", [{"age": 12}, {"cord": "two knots"}, {"secret": " "}])
def test_a_value_that_does_not_fit_the_designers_field_is_rejected(wrong: dict[str, object]) -> None:
    draft = ROLE.output.model_validate({**GOOD.model_dump(exclude={"fields"}), "fields": {**FIELDS, **wrong}})
    assert flaw(ROLE, BRIEF, draft) == "not_in_world"


def test_the_designers_fields_are_in_the_schema_and_what_the_writer_leaves_out_comes_from_the_seat() -> None:
    schema = schema_of(ROLE.output).body["properties"]["fields"]
    assert schema["required"] == ["age", "cord", "secret"]
    assert (schema["properties"]["age"]["minimum"], schema["properties"]["age"]["maximum"]) == (16, 80)
    brief = brief_for(WORLD, PERSONA, SEAT.model_copy(update={"fields": {"age": 30, "cord": "one knot"}}))
    written = ROLE.output.model_validate({**GOOD.model_dump(exclude={"fields"}), "fields": {"age": 41}})
    assert to_npc(written, brief, WORLD).fields == {"age": 41, "cord": "one knot"}


def test_a_quest_is_told_in_steps_that_a_game_can_check() -> None:
    npc = to_npc(GOOD, BRIEF, WORLD)
    assert [(step.action, step.thing, step.place, step.to) for step in npc.steps] == [
        ("get", "a coil of tarred rope", "the Ropewalk", ""),
        ("bring", "a coil of tarred rope", "Lantern Quay", npc.id),
    ]
    errand = brief_for(WORLD, PERSONA, SEAT, [SISTER], receiver=SISTER, receiver_place="Gull Tower")
    assert to_npc(GOOD, errand, WORLD).steps[1].to == "n-7"
    assert "The quest ends at: Odra Flint at Gull Tower" in ROLE.values(errand)["settled"]
    assert to_npc(GOOD.model_copy(update={**CHOSEN, "name": "Ilo Oar"}), OPEN, WORLD).steps == ()


def test_the_id_of_an_npc_is_known_before_it_is_written() -> None:
    npc = to_npc(GOOD, BRIEF, WORLD)
    other = to_npc(GOOD.model_copy(update={"quest": "Bring rope."}), BRIEF, WORLD)
    assert npc.id == other.id
    assert npc.id.startswith("n-")


def test_chinese_npcs_are_checked_in_chinese() -> None:
    world = load_world(WORLDS / "ninefords")
    role = npc_writer(world)
    seat = Seat(
        name="沈听澜",
        race="江上人",
        occupation="船家",
        faction="渡会",
        place="第三渡",
        thing="一根老竹篙",
        thing_place="长篙镖局",
        pronoun="她",
    )
    brief = brief_for(world, "a taxi driver who hums old songs", seat)
    good = NpcDraft(
        appearance="脚掌宽大，腰上挂着一只裂了缝的木哨。",
        personality="话少，肯等人，最恨插队上船的客人。",
        background="每天夜里她撑最后一班船，船上的人睡着了，她就哼没有词的旧调子。",
        quest="去长篙镖局讨一根老竹篙回来，汛期一到，她的旧篙撑不过第七渡。",
        greeting="你要过江吗？先把鞋脱了，我这船板昨天才上过油。",
    )
    assert flaw(role, brief, good) is None
    assert (
        flaw(role, brief, good.model_copy(update={"background": "她在医院里当过十年的护士，后来才到江上撑船。"}))
        == "forbidden"
    )
    assert (
        flaw(role, brief, good.model_copy(update={"personality": "She is quiet and waits for everybody."})) == "script"
    )
    copied = good.model_copy(update={"background": "她记得上船不问姓名，落水必救，欠下的人情要在三个汛期之内还清。"})
    assert flaw(role, brief, copied) == "copy_of_lore"


def test_a_pronoun_in_brackets_is_mended_away() -> None:
    said = with_("background", "Fenn (he) rows the night ferry and scratches a line into the bench.")
    assert ROLE.tidy is not None
    assert ROLE.tidy(said).background == "Fenn rows the night ferry and scratches a line into the bench."


@pytest.mark.parametrize(
    ("lore", "story"), [("# Reed\n\nA marsh.", "A marsh."), ("## Of old\n\nA marsh.", None), ("# Reed", None)]
)
def test_the_worlds_title_is_not_said_twice(lore: str, story: str | None) -> None:
    world = load_world(WORLDS / "saltmere").model_copy(update={"title": "Reed", "lore": lore})
    assert world.story == (story or lore)
    for name in ("saltmere", "halden", "ninefords"):
        one = load_world(WORLDS / name)
        values = npc_writer(one).values(NpcBrief(persona="a baker", world=one.id))
        (rules, *_) = chat(load_prompt("npc_writer", "standard"), values)
        assert rules.content.count(f"# {one.title}\n") == 0
