"""Character cards: every key that the specifications demand, in files that other programs' readers open."""

import base64
import json
import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import pytest

from simulator.errors import ExportError
from simulator.exports.cards import card_v2, card_v3, charx, export_cards, lorebook, png_card
from simulator.models.npc import Npc, NpcTie
from simulator.scenario.world import load_world

WORLD = load_world(Path(__file__).parents[1] / "scenarios" / "worlds" / "saltmere")
NPC = Npc(
    id="n-0123456789abcdef",
    persona="p-1",
    world="saltmere",
    name="Fenn Quayle",
    race="shorefolk",
    occupation="ferry rower",
    faction="the Free Oars",
    place="Lantern Quay",
    appearance="He has blistered palms.",
    personality="He is patient on the water.",
    background="Fenn rows the night ferry.",
    quest="Fetch a coil of tarred rope.",
    greeting="Sit in the middle and keep still.",
    ties=(NpcTie(npc="n-2", name="Odra Flint", relation="older sister"),),
)
V2_KEYS = {
    "name": str,
    "description": str,
    "personality": str,
    "scenario": str,
    "first_mes": str,
    "mes_example": str,
    "creator_notes": str,
    "system_prompt": str,
    "post_history_instructions": str,
    "alternate_greetings": list,
    "tags": list,
    "creator": str,
    "character_version": str,
    "extensions": dict,
}
HOSTILE = NPC.model_copy(
    update={
        "name": '../"Ñ<b>x</b>🙂\n' + "y" * 10_000,
        "greeting": "</script>{{user}}\x00 ok",
        "faction": "",
    }
)


@pytest.mark.parametrize("npc", [NPC, HOSTILE])
def test_a_v2_card_has_every_key_with_its_type(npc: Npc) -> None:
    card = card_v2(npc, WORLD)
    assert (card["spec"], card["spec_version"]) == ("chara_card_v2", "2.0")
    for key, kind in V2_KEYS.items():
        assert isinstance(card["data"][key], kind), key
    assert card["data"]["name"].strip()


def test_a_v3_card_has_what_v3_adds() -> None:
    card = card_v3(NPC, WORLD)
    assert (card["spec"], card["spec_version"]) == ("chara_card_v3", "3.0")
    assert card["data"]["group_only_greetings"] == []
    assert all(entry["use_regex"] is False for entry in card["data"]["character_book"]["entries"])
    assert all("use_regex" not in entry for entry in card_v2(NPC, WORLD)["data"]["character_book"]["entries"])


def test_the_card_says_what_the_npc_is() -> None:
    data = card_v2(NPC, WORLD)["data"]
    assert data["first_mes"] == NPC.greeting
    assert data["mes_example"] == "<START>\n{{user}}: ...\n{{char}}: Sit in the middle and keep still."
    assert "blistered palms" in data["description"]
    assert data["extensions"]["sixhop"]["id"] == NPC.id
    assert card_v2(NPC)["data"]["scenario"] == NPC.quest


def test_the_lorebook_tells_place_faction_race_and_acquaintances() -> None:
    book = lorebook(NPC, WORLD)
    assert [entry["keys"] for entry in book["entries"]] == [
        ["Lantern Quay"],
        ["the Free Oars"],
        ["shorefolk"],
        ["Odra Flint", "Odra"],
    ]
    assert book["entries"][3]["content"] == "Odra Flint is Fenn Quayle's older sister."
    assert [entry["insertion_order"] for entry in book["entries"]] == [0, 1, 2, 3]


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, place = [], 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        kind, body = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert struct.unpack(">I", png[place + 8 + length : place + 12 + length])[0] == zlib.crc32(kind + body)
        found.append((kind, body))
        place += 12 + length
    return found


def test_a_house_that_is_place_and_faction_is_told_of_once() -> None:
    keeper = NPC.model_copy(update={"faction": "the Moth Library", "place": "the Moth Library", "ties": ()})
    assert card_v2(keeper, WORLD)["data"]["description"].startswith("shorefolk, ferry rower, the Moth Library\n")
    (entry,) = (one for one in lorebook(keeper, WORLD)["entries"] if one["keys"] == ["the Moth Library"])
    assert entry["content"] == (
        "the Moth Library: a dusty tower of books, scrolls and schoolrooms\n"
        "the Moth Library: collects books, songs and secrets"
    )


@pytest.mark.parametrize("npc", [NPC, HOSTILE])
def test_the_picture_holds_both_cards(npc: Npc) -> None:
    pytest.importorskip("PIL")
    found = chunks(png_card(npc, WORLD))
    assert [kind for kind, _ in found if kind != b"IDAT"] == [b"IHDR", b"tEXt", b"tEXt", b"IEND"]
    texts = dict(body.split(b"\0", 1) for kind, body in found if kind == b"tEXt")
    assert json.loads(base64.b64decode(texts[b"chara"])) == card_v2(npc, WORLD)
    assert json.loads(base64.b64decode(texts[b"ccv3"])) == card_v3(npc, WORLD)


def test_a_picture_library_reads_the_picture() -> None:
    image = pytest.importorskip("PIL.Image").open(BytesIO(png_card(NPC, WORLD)))
    image.load()
    assert image.size == (400, 600)
    assert json.loads(base64.b64decode(image.text["chara"]))["data"]["name"] == NPC.name


def test_pictures_tell_people_apart_and_factions_together() -> None:
    image = pytest.importorskip("PIL.Image")

    def ground(npc: Npc) -> object:
        return image.open(BytesIO(png_card(npc))).getpixel((2, 2))

    other = NPC.model_copy(update={"id": "n-other"})
    stranger = NPC.model_copy(update={"faction": "the Tide Court"})
    assert len({png_card(NPC), png_card(other), png_card(stranger)}) == 3
    assert png_card(NPC) == png_card(NPC)
    assert ground(NPC) == ground(other) != ground(stranger)


def test_charx_is_a_zip_with_the_card_at_its_root() -> None:
    with zipfile.ZipFile(BytesIO(charx(NPC, WORLD))) as archive:
        card = json.loads(archive.read("card.json"))
        (asset,) = card["data"]["assets"]
        assert archive.read(asset["uri"].removeprefix("embeded://")).startswith(b"\x89PNG")
    assert charx(NPC, WORLD) == charx(NPC, WORLD)


@pytest.mark.parametrize(("to", "suffix"), [("v2", ".json"), ("v3", ".json"), ("png", ".png"), ("charx", ".charx")])
def test_files_are_named_by_id_and_nothing_escapes(tmp_path: Path, to: str, suffix: str) -> None:
    folder = tmp_path / "cards"
    assert export_cards(folder, [HOSTILE], to, WORLD) == 1  # type: ignore[arg-type]
    assert [file.name for file in folder.iterdir()] == [f"{NPC.id}{suffix}"]
    assert [file.name for file in tmp_path.iterdir()] == ["cards"]


def test_an_id_that_is_a_path_and_an_empty_cast_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is not an id"):
        export_cards(tmp_path, [NPC.model_copy(update={"id": "../n"})], "v2")
    with pytest.raises(ExportError, match="there are no NPCs"):
        export_cards(tmp_path, [], "v2")
