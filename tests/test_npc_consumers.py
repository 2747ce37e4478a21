"""NPC exports opened by those who use them: character-card-utils and inkjs (npm), Pillow; and our own check."""

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from test_exports_cards import HOSTILE, NPC, WORLD

from simulator.errors import InputError
from simulator.exports.card_check import check_card
from simulator.exports.cards import CardFormat, card_v2, card_v3, export_cards
from simulator.exports.ink import export_ink, ink_story
from simulator.models.npc import Npc, NpcTie, QuestStep

JS = Path(__file__).parent / "js"
needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (JS / "node_modules").is_dir(),
    reason="needs Node.js and `npm ci --prefix tests/js` (make test does it where npm is)",
)
ODRA = Npc(
    id="n-2",
    persona="p-2",
    world="saltmere",
    name="Odra Flint",
    race="selkin",
    occupation="signal ringer",
    place="Gull Tower",
    greeting="Ring twice, then wait.",
    quest="Bring me a new bell rope -> {quickly} [or not] // please.",
    steps=(
        QuestStep(action="get", thing="a new bell rope", place="the Ropewalk"),
        QuestStep(action="bring", thing="a new bell rope", place="Gull Tower", to="n-2"),
    ),
    reward="three copper fins",
    ties=(NpcTie(npc=NPC.id, name=NPC.name, relation="whose older sister you are"),),
)
FENN = NPC.model_copy(
    update={
        "steps": (
            QuestStep(action="get", thing="a coil of tarred rope", place="the Ropewalk"),
            QuestStep(action="bring", thing="a coil of tarred rope", place="Gull Tower", to="n-2"),
        ),
        "reward": "a night's lodging",
        "lines": ("Odra is my older sister, and she rings me home in fog.",),
        "fields": {"age": 30, "secret": "TODO: * VAR x = {1/0}"},
    }
)


def node(*arguments: str) -> str:
    done = subprocess.run(["node", *arguments], cwd=JS, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_node
def test_character_card_utils_parses_v2_cards_and_keeps_all_of_them(tmp_path: Path) -> None:
    export_cards(tmp_path, [FENN, HOSTILE.model_copy(update={"id": "n-9"})], "v2", WORLD)
    files = sorted(map(str, tmp_path.iterdir()))
    parsed = [json.loads(line) for line in node("cards.js", *files).splitlines()]
    assert [one["same"] for one in parsed] == [True, True]
    assert {one["name"] for one in parsed} == {FENN.name, HOSTILE.name}


def play(folder: Path, *choices: str) -> dict[str, object]:
    played: dict[str, object] = json.loads(node("play.js", str(folder / "story.ink"), json.dumps(choices)))
    return played


@needs_node
def test_inkjs_compiles_the_story_and_a_quest_can_be_played_to_its_end(tmp_path: Path) -> None:
    export_ink(tmp_path, [FENN, ODRA], WORLD)
    asked = ("Lantern Quay", "Fenn Quayle, ferry rower", "What do you need?", "Goodbye", "Go on")
    fetched = ("the Ropewalk", "Take a coil of tarred rope", "Go on")
    played = play(
        tmp_path, *asked, *fetched, "Gull Tower", "Odra Flint, signal ringer", "Hand over a coil of tarred rope"
    )
    assert FENN.quest in str(played["read"])
    assert "You get a night's lodging." in str(played["read"])
    assert "Hand over a coil of tarred rope" not in played["offered"]  # type: ignore[operator]
    unasked = play(tmp_path, "the Ropewalk")
    assert unasked["offered"] == ["Go on"], "who was not asked for anything has nothing to fetch"


@needs_node
def test_what_looks_like_ink_is_only_text(tmp_path: Path) -> None:
    evil = ODRA.model_copy(
        update={"name": "* [x] -> END", "greeting": "~ x = 1 {1/0} <> # tag \\", "lines": ("VAR y = 2",)}
    )
    export_ink(tmp_path, [evil, FENN.model_copy(update={"greeting": "TODO: nothing", "appearance": "INCLUDE x.ink"})])
    played = play(tmp_path, "Gull Tower", "* [x] -> END, signal ringer", "What do you need?", "VAR y = 2")
    for text in (evil.greeting, evil.quest, "VAR y = 2"):
        assert text in str(played["read"])


def test_a_story_needs_somebody(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="there are no NPCs"):
        export_ink(tmp_path, [])
    assert ink_story([ODRA]).count("=== npc_n_2 ===") == 1


@pytest.mark.parametrize("to", ["v2", "v3", "png", "charx"])
@pytest.mark.parametrize("npc", [FENN, HOSTILE])
def test_our_cards_pass_our_check(to: CardFormat, npc: Npc, tmp_path: Path) -> None:
    if to in ("png", "charx"):
        pytest.importorskip("PIL")
    export_cards(tmp_path, [npc], to, WORLD)
    (file,) = tmp_path.iterdir()
    report = check_card(file)
    assert report.problems == []
    assert report.name == npc.name
    assert report.cards == {"v2": ["chara_card_v2"], "png": ["chara_card_v3", "chara_card_v2"]}.get(
        to, ["chara_card_v3"]
    )


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"name": "  "}, "data.name: Value error, the name is blank"),
        ({"tags": "a, b"}, "data.tags: Input should be a valid list"),
        ({"description": None}, "data.description: Input should be a valid string"),
        ({"group_only_greetings": None}, "data.group_only_greetings"),
    ],
)
def test_what_programs_would_not_load_is_named(damage: dict[str, object], said: str, tmp_path: Path) -> None:
    card = card_v3(FENN, WORLD)
    card["data"].update(damage)
    file = tmp_path / "card.json"
    file.write_text(json.dumps(card))
    assert any(said in problem for problem in check_card(file).problems)


def test_a_missing_key_and_a_foreign_spec_are_named(tmp_path: Path) -> None:
    card = card_v2(FENN)
    del card["data"]["first_mes"]
    file = tmp_path / "card.json"
    file.write_text(json.dumps(card))
    assert check_card(file).problems == ["the file: data.first_mes: is missing"]
    file.write_text(json.dumps({"name": "V1 card"}))
    assert "spec is None" in check_card(file).problems[0]


def test_what_is_no_card_at_all_is_said(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    from PIL import Image

    Image.new("RGB", (4, 4)).save(tmp_path / "plain.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "plain.png").read_bytes()[:40])
    (tmp_path / "text.json").write_text("no")
    with zipfile.ZipFile(tmp_path / "empty.charx", "w") as archive:
        archive.writestr("other.json", "{}")
    for name, said in (
        ("plain.png", "without a card"),
        ("cut.png", "damaged picture"),
        ("text.json", "not JSON"),
        ("empty.charx", "without 'card.json'"),
        ("absent.json", "cannot be read"),
    ):
        with pytest.raises(InputError, match=said):
            check_card(tmp_path / name)
