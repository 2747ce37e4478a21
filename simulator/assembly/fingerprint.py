"""What a run's products depend on, place by place: so that a change between two executions is seen, and named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.assembly.inputs import Inputs
from simulator.errors import RunDirectoryError
from simulator.models.base import content_hash
from simulator.scenario.schema import Scenario

__all__ = ["Change", "check_cast", "dependencies", "differences", "fingerprint"]

_FREE = {"description", "concurrency", "budget", "models", "prompts"}
"""Sections that may differ between two executions: they change the pace, or are compared by what they resolve to."""

_OF_ROLES = ("models", "prompts", "data")
"""Parts that have one value a role."""

_NOTHING = "(none)"
_LONGEST = 60  # characters of a value in a message
_MOST_NAMES = 3  # texts that a message names


_CAST = ("seed", "language", "granularity", "personas", "texts", "text", "dedup", "expand", "cast", "instructions")
_CASTING = ("extractor", "relator", "poser", "embeddings")
"""The parts, and the roles, that decide who the cast is and what it poses."""


@dataclass(frozen=True)
class Change:
    """One thing that a run depends on and that is not what it was.

    Attributes:
        place: Where it stands in the scenario file (``expand.hops``), or ``models.ROLE``, ``prompts.ROLE``,
            ``data.ROLE``, ``texts``.
        before: What it was, shortened.
        now: What it is.
    """

    place: str
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.place}: {self.before} -> {self.now}"


def dependencies(
    scenario: Scenario,
    inputs: Inputs,
    models: Mapping[str, str],
    prompts: Mapping[str, Mapping[str, str]],
    code: Mapping[str, str],
    data: Mapping[str, str],
) -> dict[str, Any]:
    """Return everything that the products depend on.

    Args:
        scenario: Its sections, but for those that only change the pace.
        inputs: Texts, personas and world by content, wherever they stood.
        models: The model of each role, and the embedder.
        prompts: Variant and hash of each role's prompt.
        code: Hash of the file of each check by a function of the user's.
        data: Name and hash of the file of the package that each role depends on besides its prompt.
    """
    sections = scenario.model_dump(mode="json", exclude=_FREE)
    if scenario.texts is not None:
        sections["texts"] = scenario.texts.model_dump(mode="json", exclude={"paths"})
    if scenario.personas is not None:
        sections["personas"] = scenario.personas.model_dump(mode="json", exclude={"paths"})
        said = content_hash([[one.text, dict(one.attributes)] for one in inputs.personas])
        sections["personas"]["rows"] = f"{len(inputs.personas)} personas ({said[:12]})"
    if inputs.transcripts:
        said = content_hash([one.id for one in inputs.transcripts])
        sections["conversations"]["transcripts"] = f"{len(inputs.transcripts)} transcripts ({said[:12]})"
    if scenario.npcs is not None and inputs.world is not None:
        sections["npcs"] = scenario.npcs.model_dump(mode="json") | {"world": inputs.world.model_dump(mode="json")}
    sections["text"] = {text.id: text.source for text in inputs.texts}
    named = {role: f"{prompt['variant']} {prompt['sha256'][:12]}" for role, prompt in prompts.items()}
    return {**sections, "models": dict(models), "prompts": named, "code": dict(code), "data": dict(data)}


def fingerprint(dependencies: Mapping[str, Any]) -> dict[str, str]:
    """Return a hash for each part of :func:`dependencies`; where a text stood does not matter, their order does."""
    parts = {**dependencies, "text": list(dependencies["text"])}
    return {name: content_hash(value) for name, value in parts.items()}


def check_cast(frozen: Mapping[str, Any] | None, now: Mapping[str, Any]) -> None:
    """Refuse to go on with the frozen cast of a run that chose it in another way than this scenario says.

    Args:
        frozen: Whose cast it is, with that run's fingerprint and models; ``None`` when it is the run's own.
        now: What this run depends on.

    Raises:
        RunDirectoryError: The parts that differ, by name.
    """
    if frozen is None:
        return
    hashes = fingerprint(now)
    differ = [part for part in _CAST if frozen["fingerprint"].get(part) != hashes.get(part)]
    differ += [f"models.{role}" for role in _CASTING if frozen["models"].get(role) != now["models"].get(role)]
    if differ:
        raise RunDirectoryError(
            f"the cast of {frozen['run']!r} was chosen with other values of {', '.join(differ)}; a frozen cast needs a "
            f"scenario that differs only after the cast"
        )


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Return what differs between two :func:`dependencies`, in the order of the scenario."""
    found = [] if before["name"] == now["name"] else [Change("name", _shown(before["name"]), _shown(now["name"]))]
    for name in [name for name in {**now, **before} if name not in ("name", "text", *_OF_ROLES)]:
        found.extend(_walk(name, before.get(name), now.get(name)))
    found.extend(_texts(before["text"], now["text"]))
    for kind in _OF_ROLES:  # of a role that only one of them has, its section tells
        for role in [role for role in now[kind] if role in before[kind]]:
            found.extend(_walk(f"{kind}.{role}", before[kind][role], now[kind][role]))
    return found


def _walk(place: str, before: Any, now: Any) -> Iterator[Change]:
    if before == now:
        return
    if isinstance(before, dict) and isinstance(now, dict):
        for key in {**before, **now}:
            yield from _walk(f"{place}.{key}", before.get(key), now.get(key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now) and _has_parts(now):
        for number, (left, right) in enumerate(zip(before, now, strict=True)):
            yield from _walk(f"{place}.{number}", left, right)
    else:
        yield Change(place, _shown(before), _shown(now))


def _has_parts(values: list[Any]) -> bool:
    return any(isinstance(value, dict | list) for value in values)


def _texts(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    if list(before) == list(now):
        return
    gone = [source for id_, source in before.items() if id_ not in now]
    come = [source for id_, source in now.items() if id_ not in before]
    if gone or come:
        yield Change("texts", _named(gone, len(before)), _named(come, len(now)))
    else:
        yield Change("texts", f"{len(before)} in their order", "the same in another order")


def _named(sources: list[str], total: int) -> str:
    names = ", ".join(sources[:_MOST_NAMES]) + (", ..." if len(sources) > _MOST_NAMES else "")
    return f"{total} texts" + (f", {len(sources)} of them not in the other ({names})" if sources else "")


def _shown(value: Any) -> str:
    if value is None:
        return _NOTHING
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
