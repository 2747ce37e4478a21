"""A scripted cast: replies that pass the checks, from nothing but the request. For tests of whole runs."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import yaml
from story_words import DEEDS, JOBS, LINES, NAMES, PLACES, SAYINGS, TOPICS, VERBS

from simulator.llm.fakes.dice import Dice
from simulator.llm.fakes.values import value_for
from simulator.llm.scripted import ScriptedModel
from simulator.models.message import ChatRequest
from simulator.models.relation import RELATION_KINDS
from simulator.scenario.load import parse_scenario
from simulator.scenario.schema import Scenario

ROOT = Path(__file__).parent.parent


def number(*parts: object) -> int:
    return int(hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:12], 16)


def pick(options, *parts):
    return options[number(*parts) % len(options)]


def someone(*parts: object) -> str:
    age = 18 + number(*parts, "age") % 70
    job, deed, place = pick(JOBS, *parts, "j"), pick(DEEDS, *parts, "d"), pick(PLACES, *parts, "p")
    return f"a {job} aged {age} who {deed} {place}"


def _last(request: ChatRequest) -> str:
    return request.messages[-1].content


def about(request: ChatRequest) -> str:
    """Return the message that tells whom a request is about; examples stand before it, and a repair turn after it."""
    return next(one.content for one in reversed(request.messages) if "<persona>" in one.content)


def extractor(request: ChatRequest) -> str:
    persona = someone("t2p", _last(request), request.seed)
    return json.dumps({"who": persona.split(" aged")[0], "persona": persona})


def relator(request: ChatRequest) -> str:
    kind = next((one for one in RELATION_KINDS if one in _last(request).split("</persona>")[-1]), "friend")
    relation = pick(NAMES[kind], _last(request), request.seed)
    return json.dumps({"relation": relation, "persona": someone("p2p", _last(request), request.seed)})


def poser(request: ChatRequest) -> str:
    topic, other = pick(TOPICS, _last(request), request.seed), pick(PLACES, _last(request), request.seed, 2)
    return json.dumps(
        {"instruction": f"How do I deal with {topic} {other} before the {number(_last(request)) % 28}th?"}
    )


def user(request: ChatRequest) -> str:
    said = sum(message.role == "assistant" for message in request.messages)
    topic = pick(TOPICS, request.messages[-1].content, request.seed)
    return LINES[said % len(LINES)].format(topic=topic, day=said + 2)


def assistant(request: ChatRequest) -> str:
    deed, place = pick(DEEDS, _last(request), 3), pick(PLACES, _last(request), 4)
    return f"Begin with what is urgent, then ask somebody who {deed} {place}. Set aside {number(_last(request)) % 90} minutes."


def npc_writer(request: ChatRequest) -> str:
    text = request.messages[-1].content
    found = dict(re.findall(r"^(Name|Pronoun|Race|Occupation|Faction|Place): (.+)$", text, re.MULTILINE))
    first = found.get("Name", "Somebody").split()[0]
    place, deed = found.get("Place", "the quay"), pick(DEEDS, text, "npc")
    thing = re.search(r"quest is about: (.+?), which is found at (.+)$", text, re.MULTILINE)
    goal = f"Bring {thing.group(1)} from {thing.group(2)}" if thing else "Find the lost lantern"
    return json.dumps(
        {
            "appearance": f"{first} has ink on both thumbs and walks with a quick, uneven step.",
            "personality": f"{first} is patient with children and sharp with anyone who wastes daylight.",
            "background": f"{first} came to {place} long ago and still {deed} whenever the work is done.",
            "quest": f"{goal} before the next high water, or {first} loses the season.",
            "greeting": "You look cold, friend. Will you sit down and tell me what brings you here?",
        }
    )


def tool_designer(request: ChatRequest) -> str:
    verb, topic = pick(VERBS, _last(request), request.seed), pick(TOPICS, _last(request), request.seed, "t")
    thing = "_".join(topic.split()[1:])
    return json.dumps(
        {
            "need": f"know about {topic}",
            "name": f"{verb}_{thing}",
            "description": f"{verb.capitalize()}s {topic} at the workshop of the district office.",
            "parameters": [{"name": "visit_date", "type": "string", "description": "day of the visit, as YYYY-MM-DD"}],
            "returns": "The number of the case and the day of the visit.",
        }
    )


def judge(request: ChatRequest) -> str:
    asked = _last(request)
    if "Allowed answers: none" in asked:
        return json.dumps({"quote": "", "reason": "Nothing of the kind.", "answer": "none"})
    said = [line.removeprefix("OTHER SIDE: ") for line in asked.splitlines() if line.startswith("OTHER SIDE: ")]
    if number(asked) % 2:
        return json.dumps({"quote": said[-1].split(".")[0], "reason": "It was said.", "answer": "yes"})
    return json.dumps({"quote": "", "reason": "It was not.", "answer": "no"})


def tool_coder(request: ChatRequest) -> str:
    """Write code that passes; every third tool's works for a second and fails, and is written again."""
    asked = _last(request)
    tool = json.loads(asked.split("<tool>\n")[1].split("\n</tool>")[0])
    required = tool["parameters"].get("required", ())
    names = ", ".join(one if one in required else f"{one}=None" for one in tool["parameters"]["properties"])
    body = f"return {tool['examples'][0]['result']!r}"
    if number(tool["name"]) % 3 == 0 and "Your last module failed" not in asked:
        body = "return dict(days=sum(day * day for day in range(10_000_000)))"
    return f"def {tool['name']}({names}):\n    {body}\n"


def tool_player(request: ChatRequest) -> str:
    """Answer a call with a value of the schema that the tool promises."""
    asked = _last(request)
    tool = json.loads(asked.split("<tool>\n")[1].split("\n</tool>")[0])
    return json.dumps(value_for(tool["result"], Dice(asked.encode())))


def problem_writer(request: ChatRequest) -> str:
    topic, deed = pick(TOPICS, _last(request), request.seed), pick(DEEDS, _last(request), request.seed, "q")
    first, second = 3 + number(_last(request)) % 40, 2 + number(_last(request), "b") % 9
    return json.dumps(
        {"problem": f"Somebody who {deed} spends {first} minutes on {topic} each of {second} days. How many minutes?"}
    )


def solver(request: ChatRequest) -> str:
    first, second = (int(found) for found in re.findall(r"spends (\d+) .* each of (\d+)", _last(request))[0])
    return json.dumps(
        {
            "steps": f"Each day takes {first} minutes, so it is {first} x {second}.",
            "answer": f"{first * second} minutes",
        }
    )


def text_writer(request: ChatRequest) -> str:
    topic = pick(TOPICS, _last(request), request.seed)
    told = [
        f"Somebody {place} {deed} and knows {topic}." for place in PLACES[:3] for deed in DEEDS[number(topic) % 9 :][:2]
    ]
    return json.dumps({"title": f"What to do about {topic}", "text": " ".join(told)})


def npc(request: ChatRequest) -> str:
    """An NPC who first uses its first tool, and then tells what came of it."""
    called = sum(bool(message.get("tool_calls")) for message in request.thread)
    text = str(request.thread[-1]["content"])
    if request.tools and not called:
        function = request.tools[0]["function"]
        arguments = {name: _argument(schema) for name, schema in function["parameters"]["properties"].items()}
        call = {"id": "call_1", "name": function["name"], "arguments": arguments}
        return json.dumps({"content": "", "tool_calls": [call]})
    found = ""
    if request.thread[-1]["role"] == "tool":
        found = "I looked: " + " and ".join(map(str, json.loads(text).values())) + "."
    turn = sum(message["role"] == "user" for message in request.thread)
    return SAYINGS[turn % len(SAYINGS)].format(found=found, topic=pick(TOPICS, text), place=pick(PLACES, text, 2))


def _argument(schema: dict) -> object:
    if "enum" in schema:
        return schema["enum"][0]
    return {"integer": 3, "number": 2.5, "boolean": True, "array": ["salt"]}.get(schema["type"], "2026-05-01")


def npc_tool_designer(request: ChatRequest) -> str:
    text = _last(request)
    verb, thing = pick(VERBS, text, request.seed), pick(["eel_baskets", "boat_ropes", "lamp_globes"], text, "t")
    words = thing.replace("_", " ")
    return json.dumps(
        {
            "need": f"have {words} looked after",
            "name": f"{verb}_{thing}",
            "description": f"{verb.capitalize()}s {words} at the counter of the harbour.",
            "parameters": [{"name": "quantity", "type": "integer", "description": f"how many {words}"}],
            "returns": "The price of one and the time of the delivery.",
        }
    )


SCRIPTS = {
    "extractor": extractor,
    "relator": relator,
    "poser": poser,
    "user": user,
    "assistant": assistant,
    "npc": npc,
    "npc_writer": npc_writer,
    "npc_tool_designer": npc_tool_designer,
    "tool_designer": tool_designer,
    "judge": judge,
    "tool_coder": tool_coder,
    "tool_player": tool_player,
    "problem_writer": problem_writer,
    "solver": solver,
    "text_writer": text_writer,
}


def models(latency=None, **others) -> dict[str, ScriptedModel]:
    """Return a scripted model for each role; ``others`` replaces some."""
    return {role: ScriptedModel(others.get(role, script), latency=latency) for role, script in SCRIPTS.items()}


def scenario(**changes) -> Scenario:
    """Return a scenario of the whole story; ``changes`` replaces its sections."""
    sections = {
        "name": "story",
        "seed": 5,
        "texts": {"paths": "scenarios/texts"},
        "expand": {"hops": 2, "per_persona": 2, "max_per_hop": 10},
        "cast": {"size": 8},
        "instructions": {"per_persona": 1},
        "conversations": {"exchanges": 3, "count": 5},
        "npcs": {"world": "scenarios/worlds/saltmere"},
        "tools": {"per_persona": 1},
        **changes,
    }
    kept = {name: value for name, value in sections.items() if value is not None}
    return parse_scenario(yaml.safe_dump(kept), base=ROOT)


def responder(body: dict) -> str:
    """Answer a chat completion request as the role that asks: the same scripts behind a fake server."""
    told = [message.get("content") for message in body["messages"]]
    if "<card>" in str(told[1]) and "visitor says" in str(told[1]):
        return npc(ChatRequest(thread=tuple(body["messages"]), tools=tuple(body.get("tools", ()))))
    request = ChatRequest.model_validate(
        {"messages": body["messages"], "seed": body.get("seed"), "attempt": body.get("seed", 0) % 1000}
    )
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    return SCRIPTS[_role(set(schema.get("properties", ())), body["messages"])](request)


def _role(fields: set[str], messages: list[dict]) -> str:
    if "need" in fields and "<card>" in messages[1]["content"]:
        return "npc_tool_designer"
    for field, role in (
        ("relation", "relator"),
        ("instruction", "poser"),
        ("need", "tool_designer"),
        ("quest", "npc_writer"),
        ("problem", "problem_writer"),
        ("steps", "solver"),
        ("title", "text_writer"),
        ("answer", "judge"),
    ):
        if field in fields:
            return role
    if "persona" in fields:
        return "extractor"
    if "<tool>" in messages[-1]["content"]:
        return "tool_player" if "<call>" in messages[-1]["content"] else "tool_coder"
    return "user" if any("<persona>" in message["content"] for message in messages) else "assistant"
