"""One NPC of Saltmere: who it is, what its writer is told, a good draft of it, and the answers of a small model."""

from __future__ import annotations

from pathlib import Path

from simulator.models.npc import NpcTie
from simulator.roles.npc_draft import NpcDraft
from simulator.roles.npc_seat import Seat
from simulator.roles.npc_writer import brief_for, npc_writer
from simulator.scenario.world import load_world

WORLDS = Path(__file__).parents[1] / "scenarios" / "worlds"
WORLD = load_world(WORLDS / "saltmere")
ROLE = npc_writer(WORLD)
PERSONA = "A long-distance truck driver who writes poems at rest stops."
SEAT = Seat(
    name="Fenn Quayle",
    race="shorefolk",
    occupation="ferry rower",
    faction="the Free Oars",
    place="Lantern Quay",
    thing="a coil of tarred rope",
    thing_place="the Ropewalk",
    pronoun="he",
)
BRIEF = brief_for(WORLD, PERSONA, SEAT)
GOOD = NpcDraft(
    appearance="Fenn has blistered palms. He wears a hat with verses stitched into its brim.",
    personality="He is patient on the water and short with people who talk over the oars.",
    background="Fenn rows the night ferry and scratches a line into the bench after each crossing.",
    quest="Fetch a coil of tarred rope from the Ropewalk before the autumn storms, or the ferry is lost.",
    greeting="Sit in the middle and keep still. Do you know a word that rhymes with tide?",
)


def with_(field: str, text: str) -> NpcDraft:
    return GOOD.model_copy(update={field: text})


OPEN = brief_for(WORLD, PERSONA)
CHOSEN = {"race": "selkin", "occupation": "ferry rower", "faction": "the Free Oars", "place": "Lantern Quay"}
FIELDS = {"age": 41, "cord": "one knot", "secret": "Fenn cannot swim."}
SISTER = NpcTie(npc="n-7", name="Odra Flint", relation="younger sister")

SMALL_REPLIES = {
    "appearance": " a coat that is stiff with salt and carries a tin of chalk.",
    "personality": " patient on the water and short with people who talk.",
    "background": " rows the last boat of the night and keeps a line of each talk.",
    "quest": " tie the ferry down before the storm.",
    "greeting": " row you across for nothing, if you can tell me a story.",
}


def small_answer(request: object) -> str:
    asked = request.messages[-2].content  # type: ignore[attr-defined]
    begun = request.messages[-1].content  # type: ignore[attr-defined]
    key = next(key for key, words in QUESTIONS.items() if words in asked)
    return begun + SMALL_REPLIES[key]


QUESTIONS = {
    "appearance": "What do people notice",
    "personality": "What is Fenn like?",
    "background": "do at Lantern Quay?",
    "quest": "Why?",
    "greeting": "to a stranger",
}
