"""Worlds: what is read, what is refused with the place named, and names that nobody else has."""

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.models.naming import capacity, check_names, name_at
from simulator.models.world import NameCustom, NamePart, World
from simulator.scenario.world import load_world

WORLDS = Path(__file__).parents[1] / "scenarios" / "worlds"

SMALL = {
    "name": "dell",
    "title": "The Dell",
    "language": "en",
    "summary": "The Dell is a valley of millers.",
    "lore": "The Dell has one river and nine mills.",
    "races": {"millfolk": "flour in the eyebrows"},
    "occupations": {"miller": {"about": "grinds", "like": "baker", "places": "the Upper Mill"}},
    "places": ["the Upper Mill", "the Ford"],
    "things": {"a sack of rye": {"about": "feeds a house", "places": ["the Ford"]}},
    "names": [{"parts": [{"words": ["Ana", "Bo"]}, {"words": ["Grist", "Weir", "Sluice"]}]}],
}


def write(folder: Path, **changes: object) -> Path:
    data = json.loads(json.dumps({**SMALL, **changes}))  # without shared parts, which YAML would write as aliases
    (folder / "world.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(InputError) as raised:
        load_world(folder)
    return str(raised.value)


@pytest.mark.parametrize("name", ["saltmere", "ninefords", "halden"])
def test_the_worlds_that_are_shipped_load(name: str) -> None:
    world = load_world(WORLDS / name)
    assert world.name == name
    assert world == load_world(WORLDS / name / "world.yaml")
    for term in (*world.occupations, *world.things):
        assert term.places, f"{term.name} can be found nowhere"
    for race in world.races:
        assert race.about, "the small prompt tells how a race looks"
        assert all(capacity(world.custom(race.name, pronoun)) >= 100 for pronoun in world.pronouns)


def test_saltmere_fits_a_small_model() -> None:
    assert 250 <= len(load_world(WORLDS / "saltmere").lore.split()) <= 400


def test_terms_may_be_written_as_names_lines_or_fields(tmp_path: Path) -> None:
    world = load_world(write(tmp_path))
    assert [term.name for term in world.places] == ["the Upper Mill", "the Ford"]
    assert world.about("races", "millfolk") == "flour in the eyebrows"
    assert world.occupations[0].places == ("the Upper Mill",)
    assert world.things[0].places == ("the Ford",)


def test_lore_may_be_a_file_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "tale.md").write_text("# Once\n\nA valley.", encoding="utf-8")
    assert load_world(write(tmp_path, lore="tale.md")).lore == "# Once\n\nA valley."


def test_another_lore_is_another_world(tmp_path: Path) -> None:
    first = load_world(write(tmp_path))
    assert first.id == load_world(write(tmp_path)).id
    assert first.id != load_world(write(tmp_path, lore="The Dell has two rivers.")).id


@pytest.mark.parametrize("lore", ["../secret.md", "/etc/secret.md", "link.md"])
def test_lore_outside_the_folder_is_refused(tmp_path: Path, lore: str) -> None:
    (tmp_path / "secret.md").write_text("not for you", encoding="utf-8")
    folder = tmp_path / "world"
    folder.mkdir()
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    assert "outside the world's folder" in refused(write(folder, lore=lore))


@pytest.mark.parametrize(
    ("changes", "place", "reason"),
    [
        ({"name": "The Dell"}, "name:", "such as 'the-dell'"),
        ({"language": "english"}, "language:", "such as 'en'"),
        ({"races": {}}, "races:", "at least 1"),
        ({"races": "millfolk"}, "races:", "must be a list"),
        ({"colour": "green"}, "colour:", "unknown key; allowed: name, title, language"),
        ({"names": [{"parts": [{"words": ["A"], "sounds": ["b"]}]}]}, "names.0.parts.0.sounds:", "words, syllables"),
        ({"names": [{"parts": [{}]}]}, "names.0.parts.0:", "either 'words' or 'syllables'"),
        ({"names": [{"races": ["elves"], "parts": [{"words": ["A"]}]}]}, "world:", "'elves' is not one of the races"),
        (
            {"names": [{"races": ["millfolk"], "parts": [{"words": ["A"]}]}, *SMALL["names"], *SMALL["names"]]},
            "",
            "one",
        ),
        (
            {"names": [{"pronoun": "she", "parts": [{"words": ["A"]}]}]},
            "world:",
            "'she' is not one of the pronouns: none",
        ),
        (
            {"pronouns": ["she", "he"], "names": [{"pronoun": "she", "parts": [{"words": ["A"]}]}]},
            "names: 'millfolk'",
            "one for each pronoun",
        ),
        ({"places": ["the Ford", "The ford"]}, "world:", "'The ford' stands there twice"),
        ({"occupations": {"miller": {"places": "the Moon"}}}, "world:", "'the Moon' is not one of the places"),
        ({"occupations": {"miller": {"factions": "the Guild"}}}, "world:", "not one of the factions: none"),
        ({"names": [{"parts": [{"syllables": ["ka", "lo"]}]}]}, "names.0.parts.0.syllables:", "a list of lists"),
        (
            {"forbidden": ["upper"]},
            "world:",
            "'upper' is in the name of 'the Upper Mill' of the places",
        ),
        ({"lore": "lost.md"}, "lore", "cannot be read: No such file"),
        ({"instead": {"Bank": "mill chest", "bank": "mill purse"}}, "world:", "'bank' stands there twice"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, changes: dict[str, object], place: str, reason: str
) -> None:
    message = refused(write(tmp_path, **changes))
    assert place in message
    assert reason in message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("- a\n- b\n", "must hold a mapping"),
        ("name: [dell\n", "is not valid YAML"),
        ("name: dell\nname: dale\n", "stands twice (line 2"),
        ("a: &a [x]\nb: *a\n", "aliases (*name) are not allowed"),
        ("name: !!python/object/apply:os.system [ls]\n", "is not valid YAML"),
    ],
)
def test_what_is_not_a_world_file_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "world.yaml").write_text(text, encoding="utf-8")
    assert reason in refused(tmp_path)


def test_a_missing_world_is_named(tmp_path: Path) -> None:
    assert "world.yaml' cannot be read: No such file" in refused(tmp_path)


words = st.lists(st.text("abcdefg", min_size=1, max_size=4), min_size=1, max_size=7, unique=True)


@given(st.lists(words, min_size=1, max_size=3), st.integers(0, 2**31 - 1))
def test_every_ordinal_has_its_own_name(parts: list[list[str]], seed: int) -> None:
    custom = NameCustom(parts=tuple(NamePart(words=tuple(part)) for part in parts))
    world = World.model_validate({**SMALL, "names": [custom]})
    names = [name_at(world, "millfolk", seed, ordinal) for ordinal in range(capacity(custom))]
    assert len(set(names)) == capacity(custom)
    with pytest.raises(InputError, match="a cast needs number"):
        name_at(world, "millfolk", seed, capacity(custom))


def test_neighbours_share_no_part_of_a_name_while_there_are_others() -> None:
    world = load_world(WORLDS / "saltmere")
    names = [name_at(world, "shorefolk", 5, ordinal, "she").split() for ordinal in range(15)]
    assert len({first for first, _ in names}) == len({second for _, second in names}) == 15


def test_another_seed_gives_other_names() -> None:
    world = load_world(WORLDS / "saltmere")
    assert name_at(world, "selkin", 1, 0) == name_at(world, "selkin", 1, 0) != name_at(world, "selkin", 2, 0)


@pytest.mark.parametrize("name", ["saltmere", "ninefords", "halden"])
def test_no_name_is_shared_between_races(name: str) -> None:
    world = load_world(WORLDS / name)
    customs = {
        (race.name, pronoun): world.custom(race.name, pronoun) for race in world.races for pronoun in world.pronouns
    }
    names = {key: {name_at(world, key[0], 3, i, key[1]) for i in range(100)} for key in customs}
    for one in names:
        for two in names:
            if customs[one] != customs[two]:
                assert not names[one] & names[two]


def test_a_custom_may_differ_by_pronoun(tmp_path: Path) -> None:
    customs = [{"pronoun": "she", "parts": [{"words": ["Ana"]}]}, {"pronoun": "he", "parts": [{"words": ["Bo"]}]}]
    world = load_world(write(tmp_path, names=customs, pronouns=["she", "he"]))
    assert (name_at(world, "millfolk", 1, 0, "she"), name_at(world, "millfolk", 1, 0, "he")) == ("Ana", "Bo")


def test_names_that_could_meet_are_refused() -> None:
    shared = [{"parts": [{"words": ["Ana"]}]}, {"races": ["millfolk"], "parts": [{"words": ["ANA"]}]}]
    with pytest.raises(InputError, match="'ANA' begins names of two customs"):
        check_names(World.model_validate({**SMALL, "names": shared}))
    glued = [{"joint": "", "parts": [{"words": ["欧", "欧阳"]}, {"words": ["阳明", "明"]}]}]
    with pytest.raises(InputError, match="can make the same name"):
        check_names(World.model_validate({**SMALL, "names": glued}))


def test_syllables_that_explode_are_refused() -> None:
    part = NamePart(syllables=tuple(tuple("abcdefghij") for _ in range(9)))
    with pytest.raises(InputError, match="make over 20,000 names"):
        capacity(NameCustom(parts=(part,)))


def test_the_world_that_the_page_shows_loads(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs/npcs.md").read_text(encoding="utf-8")
    whole, manners = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "world.yaml").write_text(whole + manners, encoding="utf-8")
    world = load_world(tmp_path)
    assert world.manners.occasions[0] == "At the lowest tide"
    assert world.occupations[0].like == "truck driver, courier, bus driver"
    assert capacity(world.custom("marshfolk")) == 24
