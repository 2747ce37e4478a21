"""Every detector of the guard but that of role flips: what it finds, and what comes close and is fine."""

from __future__ import annotations

import pytest
from guard_cases import ANSWER, ASSISTANT_SCENE, BEFORE, OPENER, PERSONA, USER_SCENE, found
from hypothesis import given
from hypothesis import strategies as st

from simulator.models.message import Message
from simulator.models.situation import Situation
from simulator.roles.guards import case, form, repetition, speech
from simulator.roles.guards.language import language_of, script_of
from simulator.roles.guards.panel import ASSISTANT, USER
from simulator.roles.guards.scene import Detector, Scene, inspect
from simulator.roles.guards.words import longest_run, quoted_share, sentences

CASES: list[tuple[Detector, Scene, str, bool]] = [
    (form.empty_turn, USER_SCENE, "", True),
    (form.empty_turn, USER_SCENE, " ... ", True),
    (form.empty_turn, USER_SCENE, "No.", False),
    (form.empty_turn, USER_SCENE, "水?", False),
    (form.cut_sentence, USER_SCENE, "I keep them open because the", True),
    (form.cut_sentence, USER_SCENE, "I keep them open because the.", True),
    (form.cut_sentence, USER_SCENE, "I open the gates at six, and I. How long is that?", True),
    (form.cut_sentence, USER_SCENE, "It stands at , and nobody knows,?", True),
    (form.cut_sentence, USER_SCENE, "The sleeves (the old ones fog up.", True),
    (form.cut_sentence, USER_SCENE, 'He said "leave them open.', True),
    (form.cut_sentence, USER_SCENE, "Is that the box it came in?", False),
    (form.cut_sentence, USER_SCENE, "too slow, anything quicker than that for forty of them", False),
    (form.cut_sentence, USER_SCENE, "Not before Thursday", False),
    (form.cut_sentence, USER_SCENE, "i would hang them up but the", True),
    (form.cut_sentence, USER_SCENE, "I hang them up and look at them every second evening", True),
    (form.cut_sentence, ASSISTANT_SCENE, "hang them up and look at them every evening", True),
    (form.cut_sentence, USER_SCENE, "We open at 6 a.m. and close at nine.", False),
    (form.cut_sentence, USER_SCENE, "That is the sleeve I was thinking of.", False),
    (form.cut_sentence, USER_SCENE, "Really? (I doubt it.)", False),
    (form.cut_sentence, USER_SCENE, "Oh dear… 🙂", False),
    (
        form.cut_sentence,
        ASSISTANT_SCENE,
        "Here is one:\n\nRed on the old gate\nrain signs its name in iron\nevery night",
        False,
    ),
    (form.cut_sentence, ASSISTANT_SCENE, "Both together:\n\n234 + 117 = **351**", False),
    (form.cut_sentence, ASSISTANT_SCENE, "10 % is 234 and 5 % is 117.\n\n**Total: 351 €**", False),
    (form.cut_sentence, ASSISTANT_SCENE, "Rain signs its name.\nIt does so every night in letters of the old", True),
    (form.cut_sentence, ASSISTANT_SCENE, "The total is this.\n234 and 117 make something near", True),
    (form.stutter, ASSISTANT_SCENE, "They're not eating cheese. Give them corn. They're not eating cheese.", True),
    (form.stutter, ASSISTANT_SCENE, "Feed them a mix of corn, a mix of peas, a mix of rye and a mix of oats.", True),
    (form.stutter, ASSISTANT_SCENE, "No, no, no, no, no, no, no, no, no, no, no, no, no, not at all.", True),
    (
        form.stutter,
        ASSISTANT_SCENE,
        "Plan the plan of the year so that the plan of the year is the plan of the year.",
        True,
    ),
    (form.stutter, ASSISTANT_SCENE, "Rinse the jar, dry the jar, fill the jar and close the jar.", False),
    (form.stutter, ASSISTANT_SCENE, "No, no. It takes a week or two, a week at most if it is warm.", False),
    (form.placeholder, USER_SCENE, "My name is [Your Name] and I keep the lock.", True),
    (form.placeholder, USER_SCENE, "Dear <name of tenant>, the rent is late.", True),
    (form.placeholder, USER_SCENE, "It was built in ____.", True),
    (form.placeholder, USER_SCENE, "The sign says [sic] 'clossed'.", False),
    (form.placeholder, USER_SCENE, "Is a < b the right way round?", False),
    (form.wrong_language, USER_SCENE, "Ich habe die Hülle nicht und das ist auch nicht gut.", True),
    (form.wrong_language, USER_SCENE, "Как мне сохранить журнал сухим?", True),
    (form.wrong_language, USER_SCENE, "我应该怎么办才好呢?", True),
    (form.wrong_language, USER_SCENE, "The lock is called Zur alten Mühle, is it too damp there?", False),
    (form.wrong_language, USER_SCENE, "¿Qué?", False),
    (form.wrong_language, USER_SCENE, "Does waterproof paper exist at all?", False),
    (repetition.opener_repeated, USER_SCENE, OPENER, True),
    (
        repetition.opener_repeated,
        USER_SCENE,
        "How do I keep my paper log of boats from being ruined by rain and damp?",
        True,
    ),
    (repetition.opener_repeated, USER_SCENE, "Rain is not the trouble, damp is. Does pencil survive it?", False),
    (repetition.opener_repeated, Scene("user", persona=PERSONA), OPENER, False),
    (repetition.opener_repeated, ASSISTANT_SCENE, OPENER, False),
    (repetition.repeats_self, USER_SCENE, "My sleeves fog up by noon. Should I open them?", True),
    (
        repetition.repeats_self,
        USER_SCENE,
        "Should I leave them open over lunch, the sleeves that fog up by noon?",
        True,
    ),
    (repetition.repeats_self, ASSISTANT_SCENE, "Ink runs as soon as the page is wet. So use a pencil.", True),
    (repetition.repeats_self, USER_SCENE, "Over lunch the wind gets in. Is there a sleeve with a vent?", False),
    (
        repetition.repeats_self,
        ASSISTANT_SCENE,
        "In winter too, keep the log in a waterproof sleeve and write with a pencil, and heat the hut at night.",
        True,
    ),
    (repetition.repeats_self, BEFORE, "My sleeves fog up by noon.", False),
    (repetition.repeats_other, USER_SCENE, "I keep the log in a waterproof sleeve and write with a pencil.", True),
    (repetition.repeats_other, USER_SCENE, "Ink runs as soon as the page is wet. Why?", True),
    (repetition.repeats_other, ASSISTANT_SCENE, "Keep a paper log of boats from getting ruined by rain.", True),
    (repetition.repeats_other, USER_SCENE, "I write with a pencil already. Which one lasts?", False),
    (
        repetition.repeats_other,
        ASSISTANT_SCENE,
        "To keep a paper log from rain, hang a plastic curtain before the desk.",
        False,
    ),
    (speech.leaked_reasoning, USER_SCENE, "<think>He wants dry paper.</think> Is wax any good?", True),
    (speech.leaked_reasoning, USER_SCENE, "The user wants to know about sleeves.", True),
    (speech.leaked_reasoning, USER_SCENE, "I need to respond as the lock keeper. Is wax any good?", True),
    (speech.leaked_reasoning, USER_SCENE, "User: Is wax any good?", True),
    (speech.leaked_reasoning, USER_SCENE, "Is wax any good?\nAssistant: Yes, it is.", True),
    (speech.leaked_reasoning, USER_SCENE, '{"message": "Is wax any good?"}', True),
    (speech.leaked_reasoning, USER_SCENE, "Fine.<|im_end|>", True),
    (speech.leaked_reasoning, USER_SCENE, "I need to answer the harbour office by Friday. Is wax any good?", False),
    (speech.leaked_reasoning, USER_SCENE, "My users are boaters, and a user of the lock pays nothing.", False),
    (speech.stage_direction, USER_SCENE, "*sighs deeply* The page is wet again.", True),
    (speech.stage_direction, USER_SCENE, "(pauses for a moment) Is it the ink?", True),
    (speech.stage_direction, USER_SCENE, "[looks at the gate] It stays shut.", True),
    (speech.stage_direction, USER_SCENE, '"Is it the ink?" he asks.', True),
    (speech.stage_direction, USER_SCENE, "It is *really* wet (about 90 % in the hut).", False),
    (speech.stage_direction, USER_SCENE, "The page is 3 * 4 inches (looks small, I know).", True),
    (speech.stage_direction, USER_SCENE, 'The sign says "closed". Is that right?', False),
    (speech.fourth_wall, USER_SCENE, "As a simulated user I would ask about ink.", True),
    (speech.fourth_wall, USER_SCENE, "My persona keeps a lock. What about ink?", True),
    (speech.fourth_wall, USER_SCENE, "I'm just an AI language model, so I have no log.", True),
    (speech.fourth_wall, USER_SCENE, "In this role-play I keep a lock.", True),
    (speech.fourth_wall, USER_SCENE, "I play the accordion at the lock. Does damp harm it?", False),
    (speech.fourth_wall, USER_SCENE, "The harbour office was prompt this time. Is that AI of theirs any good?", False),
    (speech.fourth_wall, ASSISTANT_SCENE, "I'm just an AI language model, but a sleeve works.", False),
    (speech.boilerplate, ASSISTANT_SCENE, "As a customer service AI, I cannot see the log.", True),
    (speech.boilerplate, ASSISTANT_SCENE, "I am a large language model and own no sleeves.", True),
    (speech.boilerplate, ASSISTANT_SCENE, "An AI camera could read the names of the boats.", False),
    (speech.announces_only, ASSISTANT_SCENE, "Damp is hard on paper. Here's how to deal with it.", True),
    (speech.announces_only, ASSISTANT_SCENE, "To keep it dry, consider the following.", True),
    (
        speech.announces_only,
        ASSISTANT_SCENE,
        "Here is how: hang the log above the stove, on a wire, and turn it every few hours.",
        False,
    ),
    (speech.announces_only, ASSISTANT_SCENE, "Let me explain. The paper takes up water from the air at night.", False),
    (speech.instructions_quoted, USER_SCENE, "I am a lock keeper on a rural canal who logs every boat by hand.", True),
    (speech.instructions_quoted, USER_SCENE, "I log every boat by hand on the canal. Is that wise?", False),
    (speech.instructions_quoted, USER_SCENE, "I keep the lock on a rural canal. Does it matter?", False),
    (
        repetition.thanks_loop,
        Scene("user", own=(OPENER, "Thanks a lot!"), other=(ANSWER, "You're welcome!")),
        "Thank you again!",
        True,
    ),
    (
        repetition.thanks_loop,
        Scene("assistant", own=(ANSWER,), other=(OPENER, "Thanks!")),
        "You're welcome, have a nice day!",
        False,
    ),
    (
        repetition.thanks_loop,
        Scene("assistant", own=(ANSWER, "You're welcome!"), other=(OPENER, "Thanks!", "Thanks again!")),
        "You're welcome, have a nice day!",
        True,
    ),
    (repetition.thanks_loop, USER_SCENE, "Thank you very much!", False),
    (
        repetition.thanks_loop,
        Scene("user", own=(OPENER, "Thanks!"), other=(ANSWER, "You're welcome!")),
        "Thanks. The ink is gone now, but what about the stains on the desk?",
        False,
    ),
]


@pytest.mark.parametrize(
    ("detector", "scene", "turn", "hit"), CASES, ids=[f"{c[0].__name__}-{c[2][:30]}-{c[3]}" for c in CASES]
)
def test_detector(detector: Detector, scene: Scene, turn: str, hit: bool) -> None:
    assert found(detector, turn, scene) is hit


def test_quoted_rules_and_copied_examples_are_found() -> None:
    scene = Scene(
        "user",
        rules="Speak in the first person, in the words this person would use.",
        examples=("My hives stand on stones and cannot be tilted much.",),
    )
    assert found(speech.instructions_quoted, "I speak in the first person, in the words I know.", scene)
    assert not found(speech.instructions_quoted, "I was the first person in the queue.", scene)
    assert found(speech.example_copied, "My hives stand on stones and cannot be moved.", scene)
    assert not found(speech.example_copied, "My boats stand on stones in winter.", scene)


def test_natural_turns_of_both_sides_pass_the_whole_panel() -> None:
    assert inspect("Over lunch the wind gets in. Is there a sleeve with a vent?", USER_SCENE, USER) == ()
    fine = "Punch two small holes near the lower edge so that moist air can leave. Hang the sleeve with the holes down."
    assert inspect(fine, ASSISTANT_SCENE, ASSISTANT) == ()


def test_a_scene_splits_the_history_by_side() -> None:
    history = [
        Message(role="user", content="a"),
        Message(role="assistant", content="b"),
        Message(role="user", content="c"),
    ]
    assert Scene.of("user", history).own == ("a", "c")
    assert Scene.of("assistant", history).own == ("b",)
    assert Scene.of("assistant", history).opener == Scene.of("user", history).opener == "a"
    assert Scene.of("user", []).opener == ""


@pytest.mark.parametrize(
    ("text", "language", "script"),
    [
        ("The log is in the hut and you can have it.", "English", "LATIN"),
        ("Die Hütte ist nicht trocken und das Buch auch nicht.", "German", "LATIN"),
        ("Le carnet est dans la cabane et je suis sur le canal.", "French", "LATIN"),
        ("ok", None, None),
        ("Журнал лежит в будке", None, "CYRILLIC"),
        ("日誌は小屋にあります", None, "CJK"),
    ],
)
def test_language_and_script(text: str, language: str | None, script: str | None) -> None:
    assert language_of(text) == language
    assert script_of(text) == script


@given(st.text(max_size=200), st.lists(st.text(max_size=80), max_size=4))
def test_no_text_breaks_a_detector(turn: str, history: list[str]) -> None:
    sides = [Message(role=("user", "assistant")[i % 2], content=text) for i, text in enumerate(history)]
    for role, panel in (("user", USER), ("assistant", ASSISTANT)):
        for label in inspect(turn, Scene.of(role, sides, persona=PERSONA), panel):
            assert label.detector in {detector.__name__ for detector in panel}


@given(st.lists(st.sampled_from(["lock", "boat", "log", "rain", "gate"]), min_size=5, max_size=12))
def test_a_text_is_wholly_quoted_by_itself(words: list[str]) -> None:
    text = " ".join(words)
    assert longest_run(text, text, 2) == text
    assert 0.0 <= quoted_share(text, text) <= 1.0
    assert sentences(text) == [text]


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=14),
    st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=14),
)
def test_a_run_is_found_as_by_looking_everywhere(part: list[str], whole: list[str]) -> None:
    """The pairs that rule a run out rule out none that is there, however often words return."""

    def runs(words: list[str], size: int) -> set[str]:
        return {" ".join(words[i : i + size]) for i in range(len(words) - size + 1)}

    for least in range(2, 8):
        found = [min(common) for size in range(least, 15) if (common := runs(part, size) & runs(whole, size))]
        assert longest_run(" ".join(part), " ".join(whole), least) == (found[-1] if found else "")


def test_a_detector_looks_once_at_a_turn_in_its_scene() -> None:
    seen: list[str] = []

    def counting(turn: str, scene: Scene) -> None:
        seen.append(turn)

    scene = Scene("user")
    for turn in ("one", "two", "one"):
        assert inspect(turn, scene, [counting]) == ()
    assert seen == ["one", "two"]


ORDER = Situation.model_validate(
    {"goal": "Have the chair collected", "asked": [{"fact": "The order number is 20917.", "when": ["order number"]}]}
)


@pytest.mark.parametrize(
    "heard",
    [
        "Could you give me your order number?",
        "Do you live in Brenn? If so, please send me your order number and I'll move the delivery.",
        "To start the repair, I need:\n\n- your **order number**\n- a short description of the damage",
        "Please have the following ready:\n1. the order number\n2. a photograph",
        "I only need your **order number** to enter the repair. Could you look it up for me?",
        "The joint is covered. We'd still need to have the order number from you.",
        "Could you please send me:\n* your order number",
    ],
)
def test_what_was_asked_for_is_told(heard: str) -> None:
    scene = Scene("user", own=("A leg has come loose.",), other=(heard,), persona=PERSONA, situation=ORDER)
    assert not found(case.revealed_early, "It is 20917, and the joint has come open.", scene)


@pytest.mark.parametrize(
    "heard",
    [
        "You will find the order number on the invoice.",
        "I need to look up your order number first.",
        "This is what happens next:\n- you get an order number\n- the van comes",
        "I don't need your order number for that.",
        "Where does it wobble?\n\nYour order number stays as it is.",
    ],
)
def test_what_is_only_spoken_of_was_not_asked_for(heard: str) -> None:
    scene = Scene("user", own=("A leg has come loose.",), other=(heard,), persona=PERSONA, situation=ORDER)
    assert found(case.revealed_early, "It is 20917, and the joint has come open.", scene)


@pytest.mark.parametrize(("ends", "cut"), [("or", False), (", and", False), ("the", True)])
def test_what_joins_the_points_of_a_list_is_no_break(ends: str, cut: bool) -> None:
    listed = f"There are two exceptions:\n- you broke it yourself{ends if ends[0] == ',' else ' ' + ends}\n- the lease says so."
    names = [label.detector for label in inspect(listed, ASSISTANT_SCENE, ASSISTANT)]
    assert names == (["cut_sentence"] if cut else [])
