"""Calls that share a prefix: three units of each role, the turns of a conversation, and what llama.cpp's cache saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from fault_cases import inputs_of, role_named

from simulator.llm.embedded import embedded_server, shape_from
from simulator.llm.open import open_model
from simulator.llm.spec import parse_spec
from simulator.models.message import ChatRequest, Message, Sampling
from simulator.prompts.chat import chat, each_chat, field_chat
from simulator.prompts.template import Prompt, Variant, load_prompt
from simulator.settings import Settings

Chat = tuple[Message, ...]

PEOPLE = ("a tax adviser of 61 who is learning the accordion on a windy peninsula", "a baker who is going blind")
ASKED = ("How long does rye dough have to rest?", "Which of my two bridges needs paint first?")
CHANGED: dict[str, tuple[str, Sequence[Any]]] = {
    "extractor": ("text", ("The mill closes on the first of May.", "Bees find their way by the sun and by smell.")),
    "solver": ("problem", ("Nine eggs cost 3. What do 21 cost?", "A rope of 14 m is cut into 4. How long is each?")),
    "assistant": ("history", [[{"role": "user", "content": text}] for text in ASKED]),
    "judge": ("question", ("Did the user thank anybody?", "Did the other side ask for a name?")),
    "tool_player": ("arguments", ({"boat": "Heron"}, {"boat": "Two Sisters"})),
    "npc": ("history", [[{"role": "user", "content": text}] for text in ASKED]),
}
"""The input that differs from unit to unit, where it is not the persona, and two other values of it."""

TALK = (
    ("user", "Where do I begin with the wet pages of my log?"),
    ("assistant", "Lay them out flat on a towel and open the window, and do not turn them yet."),
    ("user", "They curl at the edges already, and the ink runs on two of them."),
    ("assistant", "Put blotting paper on the two with the ink. The others can go under a board tomorrow."),
    ("user", "I have no blotting paper here. Would newspaper do?"),
    ("assistant", "Only unprinted paper would; kitchen paper is fine if you change it every hour."),
    ("user", "Kitchen paper I have. How many hours will it take?"),
)


@dataclass(frozen=True)
class Share:
    """Tokens of a call that an earlier one begins with too, and tokens that the server did not compute again."""

    shared: int
    cached: int


def asked_of(name: str, variant: Variant) -> dict[str, list[list[Chat]]]:
    """Return the ways in which calls of a role follow each other: unit by unit, for talks also turn by turn.

    Each way is a list of units or turns, each of which is the calls that it makes.
    """
    prompt, role, first = load_prompt(name, variant), role_named(name), inputs_of(name)
    units = [first, *_others(name, first)]
    found = {"": [_chats(name, prompt, role.inputs.model_validate(unit)) for unit in units]}
    if name in ("user", "assistant"):
        said = [{"role": speaker, "content": text} for speaker, text in TALK]
        ends = range(2, len(said), 2) if name == "user" else range(1, len(said) + 1, 2)
        talks = [{**first, "history": said[:end], **({"turn": 1 + end // 2} if name == "user" else {})} for end in ends]
        found[", turn after turn"] = [_chats(name, prompt, role.inputs.model_validate(talk)) for talk in talks]
    return found


def _others(name: str, first: dict[str, Any]) -> list[dict[str, Any]]:
    if name == "tool_coder":
        told = ("Logs a boat that passes the upper gate.", "Logs who opened a gate.")
        return [{**first, "tool": {**first["tool"], "description": text}} for text in told]
    if name == "npc_tool_designer":
        return [{**first, "card": first["card"].replace("Pella Larkin", other)} for other in ("Tam Oakes", "Ida Wren")]
    field, others = CHANGED.get(name, ("persona", PEOPLE))
    return [{**first, field: other} for other in others]


def _chats(name: str, prompt: Prompt, inputs: Any) -> list[Chat]:
    role = role_named(name)
    values = role.values(inputs)
    if prompt.head.ask == "each":
        done = dict.fromkeys(prompt.head.questions, "something")
        return [each_chat(prompt, values, done, field) for field in prompt.head.questions]
    if prompt.head.ask == "fields":
        return [field_chat(prompt, values, {}, next(iter(prompt.head.questions)))]
    return [chat(prompt, values, role.history(inputs))]


async def measured(units: Sequence[Sequence[Chat]], spec: str, settings: Settings) -> list[Share]:
    """Ask the calls of ``units`` in order and return the shares of those of the second unit and the later ones."""
    parsed, found, before = parse_spec(spec), list[Share](), list[list[int]]()
    async with open_model(parsed, settings) as model, aiohttp.ClientSession() as session:
        await model.ready()
        assert parsed.path is not None
        server = embedded_server(parsed.path, shape_from(settings))

        async def post(path: str, body: dict[str, Any]) -> Any:
            headers = {"Authorization": f"Bearer {server.key.get_secret_value()}"}
            async with session.post(server.url.removesuffix("/v1") + path, json=body, headers=headers) as answer:
                answer.raise_for_status()
                return await answer.json()

        for place, calls in enumerate(units):
            for messages in calls:
                plain = [message.model_dump() for message in messages]
                prompt = (await post("/apply-template", {"messages": plain}))["prompt"]
                tokens = (await post("/tokenize", {"content": prompt, "parse_special": True}))["tokens"]
                request = ChatRequest(messages=messages, sampling=Sampling(max_tokens=1, temperature=0.0), seed=1)
                usage = (await model.reply(request)).usage
                if place:
                    found.append(Share(max(_common(tokens, other) for other in before), usage.cached))
                before.append(tokens)
    return found


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))
