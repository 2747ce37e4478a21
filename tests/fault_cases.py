"""What tests of the fault catalogue share: an input for every role, and roles performed over real HTTP under a fault."""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import story
from llm_cases import HandClock, endpoint_of
from role_cases import Letters

from graphs.role import perform_unit
from simulator.errors import EndpointError
from simulator.llm.cached import CachedModel
from simulator.llm.fake_server import FakeServer
from simulator.llm.fakes.catalogue import NamedFault, catalogue
from simulator.models.base import canonical_json
from simulator.models.message import Message, Reply
from simulator.models.npc import Npc
from simulator.models.npc_card import npc_card
from simulator.models.tool import Tool, ToolExample, ToolField, ToolParameter
from simulator.models.unit import Unit, UnitResult
from simulator.prompts.template import load_prompt
from simulator.roles.catalogue import ROLES, WORLDLY, role_of
from simulator.roles.npc import NpcInput
from simulator.roles.npc_seat import seat_cast
from simulator.roles.npc_writer import brief_for
from simulator.roles.role import Role, RoleContext
from simulator.scenario.world import load_world
from simulator.transport.client import HttpClient
from simulator.transport.limiter import Limiter
from simulator.transport.patience import Patience, RetryBudget
from simulator.transport.setback import Place

__all__ = ["ATTEMPTS", "FAULTS", "ROLE_NAMES", "Played", "inputs_of", "play", "role_named"]

WALL = 1_000_000_000.0
FAULTS = catalogue(WALL)
ROLE_NAMES = (*ROLES, *WORLDLY)
ATTEMPTS = 3
PERSONA = "a lock keeper aged 44 who collects rain records beside a canal"
_STALL_S = 0.12  # where every attempt stalls
_ANSWER_S = 0.5  # where only the first does: enough for an answer on a slow machine
_TOOL = Tool(
    id="f-0123456789abcdef",
    personas=(),
    name="log_boat",
    description="Logs a boat that passes the lower gate.",
    parameters=(ToolParameter(name="boat", type="string", description="name of the boat"),),
    result=(ToolField(name="entry_number", type="integer", description="The number of the entry."),),
    examples=(ToolExample(query="The Merle is through.", arguments={"boat": "Merle"}, result={"entry_number": 8}),),
)


@cache
def _world() -> Any:
    return load_world(Path(story.ROOT) / "scenarios/worlds/saltmere")


def role_named(name: str) -> Role[Any, Any]:
    return role_of(name, _world())


@cache
def _brief() -> dict[str, Any]:
    (seat,) = asyncio.run(seat_cast(_world(), [PERSONA], 7, Letters()))  # type: ignore[arg-type]
    made: dict[str, Any] = brief_for(_world(), PERSONA, seat).model_dump(mode="json")
    return made


def _npc() -> Npc:
    said = {"place": "Kettle Lane", "greeting": "You look cold, friend. Sit down."}
    return Npc(id="n-1", persona="p-1", world="saltmere", name="Pella Larkin", occupation="kelp cook", **said)


def inputs_of(name: str) -> dict[str, Any]:
    """Return inputs of a role, such as the story's script can answer."""
    opener = Message(role="user", content="How do I keep a paper log of boats dry in the rain?")
    written: dict[str, Any] = {
        "extractor": {"text": "The lower gate was closed for repairs until noon.", "question": "read"},
        "relator": {"persona": PERSONA, "kind": "family"},
        "poser": {"persona": PERSONA},
        "user": {
            "persona": PERSONA,
            "history": [opener.model_dump(), {"role": "assistant", "content": "Use a plastic folder for each page."}],
            "turn": 2,
        },
        "assistant": {"history": [opener.model_dump()]},
        "tool_designer": {"persona": PERSONA},
        "problem_writer": {"persona": PERSONA},
        "solver": {"problem": "Somebody spends 12 minutes on the wet cellar each of 5 days. How many minutes?"},
        "text_writer": {"persona": PERSONA},
        "tool_coder": {"tool": _TOOL.model_dump(mode="json")},
        "tool_player": {"name": "log_boat", "returns": _TOOL.output_schema(), "arguments": {"boat": "Merle"}},
        "judge": {
            "question": "Was the goal of the user reached?",
            "persona": PERSONA,
            "transcript": [
                opener.model_dump(),
                {"role": "assistant", "content": "Use a plastic folder for each page."},
            ],
        },
    }
    if name == "npc_writer":
        return _brief()
    if name == "npc":
        return NpcInput(npc=_npc(), history=(opener,)).model_dump(mode="json")
    if name == "npc_tool_designer":
        card = npc_card(_npc(), _world(), lore=False)
        return {"persona": "a kelp cook at Kettle Lane", "asker": "p-1", "card": card, "place": "Kettle Lane"}
    return dict(written[name])


@dataclass(frozen=True)
class Played:
    """How one unit under a fault ended, and how often the server was asked."""

    result: UnitResult | None
    error: EndpointError | None
    asked: int
    clock_s: float


class _Forgetful:
    """A ``ReplyStore`` that keeps nothing."""

    async def get_reply(self, key: str) -> Reply | None:
        return None

    async def put_reply(self, key: str, reply: Reply, *, role: str, stage: str) -> None:
        return None


def client_under(server: FakeServer, hand: HandClock, *, timeout_s: float = 60.0, reserve: int = 10_000) -> HttpClient:
    """Return a client that waits by ``hand``, and gives an attempt up after ``timeout_s`` real seconds."""
    return HttpClient(
        Place(server.url),
        patience=Patience(attempts=ATTEMPTS, timeout_s=timeout_s, deadline_s=300.0),
        limiter=Limiter(8, hand.clock),
        budget=RetryBudget(reserve=reserve),
        clock=hand.clock,
        rng=random.Random(3),
    )


def play(name: str, fault: NamedFault, *, stays: bool) -> Played:
    """Perform one unit of a role at a server that plays ``fault``: once, or to every request.

    Raises:
        TimeoutError: It hangs.
    """
    unit = Unit(stage="test", role=name, inputs=inputs_of(name), seed=7)
    return asyncio.run(asyncio.wait_for(_play(unit, fault, stays=stays), 60))


async def _play(unit: Unit, fault: NamedFault, *, stays: bool) -> Played:
    hand = HandClock()
    hand.time = WALL
    role, prompt = role_named(unit.role), load_prompt(unit.role)
    async with FakeServer(_answer) as server:
        server.fault_for = lambda number, body: fault.fault if stays or number == 0 else None
        stalls = fault.fault.hang or fault.fault.drip_s > 0
        timeout_s = (_STALL_S if stays else _ANSWER_S) if stalls else 60.0
        client = client_under(server, hand, timeout_s=timeout_s)
        async with endpoint_of(server, client) as endpoint:
            model = CachedModel(endpoint, _Forgetful(), role=unit.role, stage="test")
            context = RoleContext(role, prompt, model, Letters(), 1)  # type: ignore[arg-type]
            try:
                result = await perform_unit(unit, context)
            except EndpointError as error:
                return Played(None, error, server.count, hand.time - WALL)
            return Played(result, None, server.count, hand.time - WALL)


def _answer(body: dict[str, Any]) -> str:
    """Answer as the story does, with something else each time that somebody asks again."""
    again = body["messages"][-1]["content"].startswith("That answer cannot be used")
    if again:
        body = {**body, "messages": body["messages"][:-2]}
    return story.responder(body)


def key_of(body: dict[str, Any]) -> int:
    """Return a number that is the same for all requests of one unit or turn: drawn again, or in a repair turn."""
    messages = body["messages"]
    if messages[-1]["content"].startswith("That answer cannot be used"):
        messages = messages[:-2]
    return int(hashlib.sha256(canonical_json(messages).encode()).hexdigest()[:12], 16)
