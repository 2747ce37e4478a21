"""NPCs as character cards: Character Card V2 and V3 as JSON, in a PNG, and as CHARX.

Files are named by the NPC's id, never by its name. Keys that the specifications demand are always there; what is ours
stands under ``extensions.sixhop``, which readers must keep.
"""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import orjson

from simulator.errors import ExportError
from simulator.exports.atomic import atomic_file, safe_name
from simulator.exports.picture import draw_card
from simulator.models.npc import Npc
from simulator.models.npc_card import tie_sentence
from simulator.models.world import World

__all__ = ["CardFormat", "card_v2", "card_v3", "charx", "export_cards", "lorebook", "png_card"]

CardFormat = Literal["v2", "v3", "png", "charx"]

_ICON = "assets/icon/images/main.png"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a ZIP can hold: the same card gives the same bytes


def card_v2(npc: Npc, world: World | None = None) -> dict[str, Any]:
    """Return the NPC as a V2 card.

    Args:
        npc: The NPC.
        world: Its world, for the scenario's title and a lorebook of the places and people that the NPC knows.
    """
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": _data(npc, world)}


def card_v3(npc: Npc, world: World | None = None) -> dict[str, Any]:
    """Return the NPC as a V3 card: the V2 data, and what V3 adds."""
    data = {**_data(npc, world), "group_only_greetings": []}
    data["assets"] = [{"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"}]
    if "character_book" in data:
        entries = [{**entry, "use_regex": False} for entry in data["character_book"]["entries"]]
        data["character_book"] = {**data["character_book"], "entries": entries}
    return {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}


def png_card(npc: Npc, world: World | None = None) -> bytes:
    """Return a picture that holds both cards, in the tEXt chunks ``chara`` (V2) and ``ccv3`` (V3)."""
    return draw_card(npc, {"chara": _base64(card_v2(npc, world)), "ccv3": _base64(card_v3(npc, world))})


def charx(npc: Npc, world: World | None = None) -> bytes:
    """Return the V3 card and its picture in a ZIP, with ``card.json`` at the root."""
    card = card_v3(npc, world)
    card["data"]["assets"] = [{"type": "icon", "uri": f"embeded://{_ICON}", "name": "main", "ext": "png"}]
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("card.json", _EPOCH), orjson.dumps(card))
        archive.writestr(zipfile.ZipInfo(_ICON, _EPOCH), draw_card(npc, {}))
    return packed.getvalue()


def lorebook(npc: Npc, world: World) -> dict[str, Any]:
    """Return entries for the place and faction of the NPC, its race, and the others that it knows."""
    entries = [
        _entry([name], f"{name}: {about}")
        for kind, name in (("places", npc.place), ("factions", npc.faction), ("races", npc.race))
        if name and (about := world.about(kind, name))  # type: ignore[arg-type]
    ]
    entries += [_entry([name], f"{name}: {about}") for name, about in _quest_terms(npc, world)]
    entries = _joined(entries)
    entries += [_entry(_called(tie.name), tie_sentence(npc, tie)) for tie in npc.ties]
    ordered = [{**entry, "insertion_order": number} for number, entry in enumerate(entries)]
    return {"name": world.title, "description": world.summary, "extensions": {}, "entries": ordered}


def _quest_terms(npc: Npc, world: World) -> Iterable[tuple[str, str]]:
    """Yield what the quest is about and where it leads, each with what the world tells about it."""
    for step in npc.steps:
        if step.action == "get":
            yield step.thing, f"{world.about('things', step.thing)}. It is found at {step.place}.".lstrip(". ")
        if step.place != npc.place and (about := world.about("places", step.place)):
            yield step.place, about


def _joined(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries with those of one name, a place that is a faction too, as one."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        (name,) = entry["keys"]
        known = found.setdefault(name, entry)
        if known is not entry and entry["content"] not in known["content"]:
            found[name] = {**known, "content": f"{known['content']}\n{entry['content']}"}
    return list(found.values())


def _called(name: str) -> list[str]:
    """Return how somebody is spoken of: by the whole name and by the first part of it."""
    return list(dict.fromkeys((name, name.split(" ", 1)[0])))


def export_cards(folder: Path, npcs: Iterable[Npc], to: CardFormat, world: World | None = None) -> int:
    """Write one card per NPC to ``folder``, named by its id, and return how many.

    Raises:
        ExportError: There are no NPCs, or a file cannot be written.
    """
    count = 0
    for npc in npcs:
        suffix, body = _packed(npc, to, world)
        with atomic_file(folder / safe_name(npc.id, suffix)) as file:
            file.write(body)
        count += 1
    if not count:
        raise ExportError(f"nothing was written to {str(folder)!r}: there are no NPCs")
    return count


def _packed(npc: Npc, to: CardFormat, world: World | None) -> tuple[str, bytes]:
    if to == "png":
        return ".png", png_card(npc, world)
    if to == "charx":
        return ".charx", charx(npc, world)
    card = card_v2(npc, world) if to == "v2" else card_v3(npc, world)
    return ".json", orjson.dumps(card, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _data(npc: Npc, world: World | None) -> dict[str, Any]:
    facts = dict.fromkeys((npc.race, npc.occupation, npc.faction, npc.place))  # a house may be place and faction
    more = [f"{name.replace('_', ' ')}: {value}" for name, value in npc.fields.items()]
    meets = [world.summary if world else "", npc.meeting, npc.quest, npc.reward and f"In return: {npc.reward}."]
    data: dict[str, Any] = {
        "name": npc.name,
        "description": "\n".join(filter(None, (", ".join(filter(None, facts)), npc.appearance, npc.background, *more))),
        "personality": " ".join(filter(None, (npc.personality, npc.voice))),
        "scenario": " ".join(filter(None, meets)),
        "first_mes": npc.greeting,
        "mes_example": "\n".join(
            f"<START>\n{{{{user}}}}: ...\n{{{{char}}}}: {line}" for line in npc.lines or _said(npc)
        ),
        "creator_notes": f"A fictional character of the world {world.title if world else npc.world}, made by Sixhop.",
        "system_prompt": "",
        "post_history_instructions": "",
        "alternate_greetings": [],
        "tags": [tag for tag in (npc.world, npc.race, npc.occupation) if tag],
        "creator": "Sixhop",
        "character_version": "1",
        "extensions": {"sixhop": _own(npc)},
    }
    if world is not None:
        data["character_book"] = lorebook(npc, world)
    return data


def _said(npc: Npc) -> tuple[str, ...]:
    return (npc.greeting,) if npc.greeting else ()


def _own(npc: Npc) -> dict[str, Any]:
    return npc.model_dump(mode="json", exclude={"name", "appearance", "background", "personality", "greeting"})


def _entry(keys: list[str], content: str) -> dict[str, Any]:
    return {"keys": keys, "content": content, "extensions": {}, "enabled": True, "insertion_order": 0}


def _base64(card: Mapping[str, Any]) -> str:
    return base64.b64encode(orjson.dumps(card)).decode("ascii")
