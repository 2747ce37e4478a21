"""``show``, ``report`` and ``graph`` over a run: complete, readable in 80 columns, and safe."""

import json
from io import StringIO

import pytest
from cli_cases import CHILD, CONVERSATION, MIDWIFE, NURSE, ORIN, PILOT, TOOL, TUNER, Shown, build_run, output
from rich.console import Console

from simulator.cli.main import main
from simulator.cli.screen.kinds import KINDS
from simulator.cli.screen.talk import chat
from simulator.models.conversation import Conversation, Turn, Verdict
from simulator.models.persona import persona_id


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build_run(tmp_path_factory.mktemp("runs") / "harbour"))


def joined(text: str) -> str:
    """Return text without line breaks, as one would read it."""
    return " ".join(text.replace("│", " ").split())


def test_without_a_kind_it_says_what_is_there(run: str, capsys: Shown) -> None:
    assert json.loads(output(capsys, "show", run, "--json")) == {
        "personas": 8, "relations": 6, "decisions": 10, "cast": 2, "instructions": 2, "conversations": 1, "npcs": 1,
        "tools": 1, "toolsets": 1, "problems": 1,
        "solutions": 1, "texts": 1, "outcomes": 1, "failures": 1, "units": 22,
    }  # fmt: skip
    assert set(json.loads(output(capsys, "show", run, "--json"))) == set(KINDS)
    assert "personas" in output(capsys, "show", run)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_listed_and_read_one_by_one(run: str, kind: str, capsys: Shown) -> None:
    assert output(capsys, "show", run, kind).strip()
    assert output(capsys, "show", run, kind, "1").strip()
    assert output(capsys, "show", run, kind.removesuffix("s"), "1").strip()
    rows = json.loads(output(capsys, "show", run, kind, "--json"))
    assert rows[0] == json.loads(output(capsys, "show", run, kind, "1", "--json"))
    assert len(rows) == json.loads(output(capsys, "show", run, "--json"))[kind]


def test_a_conversation_reads_like_a_chat(run: str, capsys: Shown) -> None:
    shown = output(capsys, "show", run, "conversation", CONVERSATION.id[:6])
    assert PILOT in joined(shown)
    lines = [line.strip() for line in shown.splitlines()]
    assert [line for line in lines if line in ("user", "assistant")] == ["user", "assistant"] * 3
    assert "│ Good. I will bring the freighter in at two." in lines
    assert "! near_repetition: it says much the same as turn 2" in lines


@pytest.mark.parametrize(
    ("other", "side"), [({}, "assistant"), ({"partner": "p-2"}, "partner"), ({"npc": "n-1"}, "npc")]
)
def test_a_conversation_says_who_speaks_who_ended_it_and_what_a_verdict_is_of(other: dict[str, str], side: str) -> None:
    turns = [Turn(role=role, speaker=role, content="Good night.") for role in ("user", "assistant")]
    judged = {"name": "terse", "by": "judge", "statement": "The user explains at length.", "evidence": "x"}
    found = [Verdict(holds=True, **judged), Verdict(holds=False, **judged), Verdict(holds=None, **judged)]
    rule = Verdict(name="terse", holds=True, by="rule", statement="no turn above 25 words", evidence="")
    made = Conversation(id="c-1", persona="p-1", turns=turns, stop="assistant_ended", verdicts=(*found, rule), **other)
    shown = Console(width=200, file=StringIO())
    shown.print(chat(made, {}))
    lines = [" ".join(line.split()) for line in shown.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert [line for line in lines if line in ("user", side)] == ["user", side]
    assert f"ended the {side} ended it" in lines
    assert lines[-4:] == [
        "terse kept (by judge, not true): The user explains at length.",
        "terse BROKEN (by judge, true): The user explains at length.",
        "terse not decided (by judge): The user explains at length.",
        "terse kept (by rule): no turn above 25 words",
    ]


def test_an_npc_is_a_card_and_a_tool_has_its_schema(run: str, capsys: Shown) -> None:
    card = joined(output(capsys, "show", run, "npc", "Orin Vell"))
    for part in (ORIN.appearance, ORIN.quest, ORIN.greeting, "Mira Sedge", "younger sister"):
        assert part in card
    shown = output(capsys, "show", run, "tool", "get_tide_window")
    assert "get_tide_window(harbour: string, draught_m: number)" in shown
    assert json.loads(shown[shown.index("{") :]) == TOOL.input_schema()


def test_a_persona_is_found_by_a_part_of_its_text_and_shown_with_its_relations(run: str, capsys: Shown) -> None:
    shown = joined(output(capsys, "show", run, "persona", "piano tuner"))
    assert TUNER in shown
    assert "who would read it?" in shown
    assert "former colleague" in joined(output(capsys, "show", run, "persona", persona_id(NURSE)[:8]))


def test_a_failure_and_its_unit_tell_the_whole_story(run: str, capsys: Shown) -> None:
    failure = output(capsys, "show", run, "failures", "1")
    assert '{"persona": "a lighthouse"}' in failure
    unit = output(
        capsys, "show", run, "units", json.loads(output(capsys, "show", run, "failures", "1", "--json"))["unit"]
    )
    assert "turned down: copy_of_source" in unit
    assert "failed: not_a_person" in unit


def test_filters_and_limits(run: str, capsys: Shown) -> None:
    assert len(json.loads(output(capsys, "show", run, "personas", "--hop", "0", "--json"))) == 4
    assert len(json.loads(output(capsys, "show", run, "decisions", "--rejected", "--json"))) == 2
    assert len(json.loads(output(capsys, "show", run, "personas", "--limit", "3", "--json"))) == 3
    assert main(["show", run, "personas", "--limit", "3"]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("p-") == 3
    assert "5 more" in shown.err


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["show", "RUN", "people"], "'people' is not a kind"),
        (["show", "RUN", "tool", "9"], "none of the 1 tools"),
        (["show", "RUN", "npc", "Mira"], "allowed is an id, its beginning, a part of a name, or a number from 1 to 1"),
        (["show", "RUN", "units", "u-"], "22 units have an id that begins with 'u-'"),
        (["show", "RUN", "persona", "who"], "personas fit 'who'"),
        (["show", "RUN", "tools", "--hop", "1"], "--hop goes with personas"),
        (["show", "RUN", "tools", "--rejected"], "--rejected goes with decisions"),
        (["graph", "RUN", "within", "nurse", "--hops", "7"], "7 hops"),
        (["graph", "RUN", "neighbours", "nobody at all"], "nobody at all"),
    ],
)
def test_what_is_not_there_is_said(run: str, arguments: list[str], part: str, capsys: Shown) -> None:
    assert main([run if word == "RUN" else word for word in arguments]) == 2
    shown = capsys.readouterr()
    assert part in shown.err
    assert shown.out == ""


@pytest.mark.parametrize(("kind", "part", "name"), [("npc", "vell", "Orin Vell"), ("tool", "tide", "get_tide_window")])
def test_what_has_a_name_is_found_by_a_part_of_it(run: str, kind: str, part: str, name: str, capsys: Shown) -> None:
    assert json.loads(output(capsys, "show", run, kind, part, "--json"))["name"] == name


def test_the_report_counts_and_gives_examples(run: str, capsys: Shown) -> None:
    shown = joined(output(capsys, "report", run))
    assert "8 personas, 6 relations" in shown
    assert "2 instructions" in shown
    assert "minhash 0.92" in shown
    assert "too near to: a village teacher who runs the school choir and the fire brigade" in shown
    assert "copy_of_source 1, not_a_person 1" in shown
    assert "9 calls, 2,070 tokens" in shown
    told = json.loads(output(capsys, "report", run, "--json"))
    assert told["hops"] == {"0": 4, "1": 2, "2": 2}
    assert [stage["stage"] for stage in told["stages"]][:3] == ["extract", "expand-1", "expand-2"]
    expand = told["stages"][2]
    assert expand["units"] == expand["kept"] + sum(expand["rejected"].values()) + sum(expand["failed"].values())


def test_the_graph_in_figures(run: str, capsys: Shown) -> None:
    told = json.loads(output(capsys, "graph", run, "stats", "--json"))
    assert (told["personas"], told["relations"], told["alone"]) == (8, 6, 2)
    assert told["by_hop"] == {"0": 4, "1": 2, "2": 2}
    shown = output(capsys, "graph", run, "stats")
    assert "family" in shown
    assert "former colleague" in shown
    assert "nothing joins" in joined(shown)
    assert "within six" not in shown
    assert [row["text"] for row in json.loads(output(capsys, "graph", run, "central", "-n", "1", "--json"))] == [NURSE]
    assert "night nurse" in output(capsys, "graph", run, "central")


def test_neighbours_in_both_directions(run: str, capsys: Shown) -> None:
    rows = json.loads(output(capsys, "graph", run, "neighbours", "night nurse", "--json"))
    assert {(row["relation"], row["outward"]) for row in rows} == {
        ("neighbour", True), ("former colleague", False), ("night nurse", False),
    }  # fmt: skip
    shown = joined(output(capsys, "graph", run, "neighbours", "night nurse"))
    assert "whose neighbour is" in shown
    assert shown.startswith(NURSE)


def test_somebody_without_relations_is_told_in_a_sentence(run: str, capsys: Shown) -> None:
    for command in ("neighbours", "within"):
        assert main(["graph", run, command, "piano"]) == 0
        shown = capsys.readouterr()
        assert "Nobody" in shown.err
        assert len(shown.out.splitlines()) <= 2, "the person and no empty table"


def test_within(run: str, capsys: Shown) -> None:
    rows = json.loads(output(capsys, "graph", run, "within", persona_id(PILOT)[:10], "--hops", "1", "--json"))
    assert [row["distance"] for row in rows] == [1, 1]
    assert "steps" in output(capsys, "graph", run, "within", "harbour pilot", "--hops", "3")


def test_a_path_is_told_as_a_chain_of_people(run: str, capsys: Shown) -> None:
    shown = joined(output(capsys, "graph", run, "path", "locomotives", "midwife"))
    assert shown.startswith(CHILD)
    assert shown.endswith(MIDWIFE)
    assert "whose teacher is a village teacher" in shown
    assert "who is the former colleague of a midwife" in shown
    told = json.loads(output(capsys, "graph", run, "path", "locomotives", "midwife", "--json"))
    assert told["sentence"].startswith(f"{CHILD} -> teacher -> a village teacher")
    assert len(told["steps"]) == 3


def test_no_path_is_said_and_is_exit_code_1(run: str, capsys: Shown) -> None:
    assert main(["graph", run, "path", "piano", "midwife"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "No chain" in shown.err
    assert json.loads(output(capsys, "graph", run, "path", "piano", "midwife", "--json", code=1))["steps"] is None


def test_output_for_a_pipe_has_no_colours_and_no_trailing_spaces(run: str, capsys: Shown) -> None:
    for arguments in (["show", run, "personas"], ["report", run], ["graph", run, "stats"]):
        shown = output(capsys, *arguments)
        assert "\x1b" not in shown
        assert [line for line in shown.splitlines() if line.endswith(" ")] == []


def test_no_color_is_obeyed_where_colours_are_forced(run: str, capsys: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(["show", run, "decisions"])
    assert "\x1b[3" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    main(["show", run, "decisions"])
    assert "\x1b[3" not in capsys.readouterr().out
