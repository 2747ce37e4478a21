"""Prompt templates: Markdown files with a YAML head, loaded by name.

A template has the parts ``# system`` (shared by all calls), ``# user`` (what differs) and ``# examples`` (a YAML list).
Variables are ``$name`` in :class:`string.Template`'s syntax: no attribute access, no code, and a value is never
expanded again. What comes from outside (``data`` in the head) may only stand in the user part, where it is neutralised
so that it cannot close its block or speak as a chat template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, ValidationError

from simulator.errors import PromptError
from simulator.models.base import Record, content_hash, listed
from simulator.models.message import Message, Sampling
from simulator.models.strict_yaml import read_yaml
from simulator.models.text_file import read_text_file
from simulator.prompts.neutral import neutralise, neutralise_turn
from simulator.prompts.variables import fill, flaw_of, names_in

__all__ = [
    "MAX_BYTES",
    "MOST_ALTERNATIVES",
    "Example",
    "Prompt",
    "PromptHead",
    "Variant",
    "load_prompt",
    "parse_prompt",
]

Variant = Literal["standard", "small"]
MOST_ALTERNATIVES = 64
"""Lines of a variable that a rule of a grammar allows: every token of a reply is held against all of them."""

MAX_BYTES = 1_000_000  # of a template: it is written by hand, and sent with every call
_PART = re.compile(r"^# (system|user|examples)[ \t]*$", re.MULTILINE)


class PromptHead(Record):
    """The YAML head of a template.

    Attributes:
        data: Variables that hold text from outside.
        turns: Variables that hold a whole message from outside and stand alone in the user part: of these only what a
            chat template would take for a turn is broken, so that markup and code reach the model as they are.
        ask: ``object``: one JSON reply; ``text``: the bare reply is the output's only field;
            ``call``: the bare reply is the output's ``message``, and calls of the role's tools are its ``calls``;
            ``fields``: one JSON reply per field, in the order of the output's fields;
            ``each``: one bare reply per field, each with its own examples, checked and chosen before the next.
        candidates: Best-of-k: how many replies are drawn at once (for ``each``: for a field).
        rounds: How often k replies are drawn when no reply passes the checks (for ``each``: for a field).
        repair: Whether a last flawed reply gets one repair turn.
        sampling: Sampling parameters.
        questions: For ``fields`` and ``each``: what is asked for each field, in the order of asking. For ``each``
            they may have variables, among them the fields asked before.
        leads: For ``each`` and ``text``: how the reply to a field begins (one of several, by the unit's seed). It is
            sent as the begun reply, which llama.cpp and most local servers continue; it is put before the reply of one
            that does not.
        given: For ``text``: a variable that is the whole reply where it is not empty. Then the model is not asked,
            unless a check turns it down.
        samplings: For ``each``: sampling parameters of single fields, instead of ``sampling``.
        least: For ``each``: the score that the best reply to a field must reach. While it does not, k more are drawn in
            each round that is left, and in the end the field has no value.
        when: For ``each``: variables without which a field is not asked for (an NPC that knows nobody says nothing of
            anybody); it keeps the output type's default.
        crutches: Whether replies need what helps a small model: the role's ``mend``, and the checks that are crutches.
        alternatives: For ``text``: rules of the sampling's grammar (llama.cpp's), each made of a variable and of the
            rule that stands in where the variable is empty. The variable's lines are what the rule allows, the first
            :data:`MOST_ALTERNATIVES` of them.
        vary: Fields whose k replies begin with three leads in turn, so that the score chooses among them.
        choose: For ``each``: fields whose reply is one of those that the role has to choose from, where it has some;
            all others, and these where it has none, are the model's own words.
        draws: How many replies are drawn at once for a field that is chosen, where that is not k: of what there is to
            choose from, everything may do.
    """

    data: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    ask: Literal["object", "text", "call", "fields", "each"] = "object"
    candidates: int = Field(1, ge=1, le=64)
    rounds: int = Field(1, ge=1, le=8)
    repair: bool = True
    sampling: Sampling = Sampling()
    samplings: dict[str, Sampling] = Field(default_factory=dict)
    questions: dict[str, str] = Field(default_factory=dict)
    given: str = ""
    leads: dict[str, Annotated[tuple[str, ...], BeforeValidator(listed)]] = Field(default_factory=dict)
    least: dict[str, float] = Field(default_factory=dict)
    when: dict[str, str] = Field(default_factory=dict)
    crutches: bool = False
    alternatives: dict[str, tuple[str, str]] = Field(default_factory=dict)
    vary: tuple[str, ...] = ()
    choose: tuple[str, ...] = ()
    draws: dict[str, Annotated[int, Field(ge=1, le=64)]] = Field(default_factory=dict)


class Example(Record):
    """One worked example: values for the user part, an optional history, and the reply."""

    values: dict[str, str]
    history: tuple[Message, ...] = ()
    reply: dict[str, Any]


@dataclass(frozen=True)
class Prompt:
    """A loaded template. ``sha256`` identifies its whole text and is kept with every result."""

    name: str
    variant: str
    head: PromptHead
    system: str
    user: str
    examples: tuple[Example, ...]
    sha256: str

    def __hash__(self) -> int:
        return hash(self.sha256)

    @cached_property
    def variables(self) -> frozenset[str]:
        """The names that it wants from the role."""
        begun = [text for texts in self.head.leads.values() for text in texts]
        needed = [f"${name}" for name in self.head.when.values()]
        given = [f"${self.head.given}"] if self.head.given else []
        lines = [f"${name}" for name, _ in self.head.alternatives.values()]
        used = {"each": (*self.head.questions.values(), *begun, *needed), "text": (*begun, *given, *lines)}
        asked = " ".join(used.get(self.head.ask, ()))
        return names_in(self.system) | names_in(self.user) | (names_in(asked) - set(self.head.questions))

    def render(self, values: Mapping[str, str]) -> tuple[str, str]:
        """Return the system and the user part with ``values`` in place.

        Raises:
            PromptError: A variable is missing or unknown.
        """
        self._check(values)
        safe = self._safe(values)
        return fill(self.system, safe), fill(self.user, safe)

    def render_user(self, values: Mapping[str, str]) -> str:
        """Return the user part alone (for an example, whose values are those of the user part)."""
        return fill(self.user, self._safe(values))

    def fill(self, text: str, values: Mapping[str, str]) -> str:
        """Return a question or a lead with ``values`` in place."""
        return fill(text, self._safe(values))

    def _safe(self, values: Mapping[str, str]) -> dict[str, str]:
        safe = dict.fromkeys(self.head.data, neutralise) | dict.fromkeys(self.head.turns, neutralise_turn)
        return {key: safe[key](value) if key in safe else value for key, value in values.items()}

    def _check(self, values: Mapping[str, str]) -> None:
        missing, unknown = sorted(self.variables - set(values)), sorted(set(values) - self.variables)
        if missing or unknown:
            raise PromptError(
                f"prompt {self.name!r} ({self.variant}): "
                + "; ".join(
                    part
                    for part in (
                        f"no value for {', '.join(map(repr, missing))}" if missing else "",
                        f"unknown {', '.join(map(repr, unknown))}" if unknown else "",
                    )
                    if part
                )
                + f". It uses {', '.join(map(repr, sorted(self.variables))) or 'no variables'}."
            )


def load_prompt(name: str, variant: Variant = "standard", path: Path | None = None) -> Prompt:
    """Return the template ``name``.

    Args:
        name: A role's name.
        variant: ``small`` takes ``name.small.md`` where it exists and ``name.md`` otherwise.
        path: A file to take instead (the scenario's override).

    Raises:
        PromptError: No such template, or it is malformed.
    """
    if path is not None:
        try:
            return parse_prompt(read_text_file(path, MAX_BYTES), name, str(path.name))
        except (OSError, ValueError) as error:
            raise PromptError(f"prompt file {str(path)!r} for role {name!r} cannot be read: {error}") from error
    folder = resources.files("simulator.prompts")
    for label, file in ((variant, f"{name}.{variant}.md"), ("standard", f"{name}.md")):
        source = folder / file
        if source.is_file():
            return parse_prompt(source.read_text(encoding="utf-8"), name, label)
    raise PromptError(f"there is no prompt named {name!r}; allowed are the names of roles, or a file by path")


def parse_prompt(text: str, name: str, variant: str) -> Prompt:
    """Return the template that ``text`` holds.

    Raises:
        PromptError: The head, a part or an example is malformed, or outside text stands in the system part.
    """
    where = f"prompt {name!r} ({variant})"
    head, parts = _split(text, where)
    try:
        checked = PromptHead.model_validate(head)
        examples = tuple(Example.model_validate(row) for row in _examples(parts.get("examples", ""), where))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise PromptError(f"{where}: {place}: {first['msg']} (got {first['input']!r})") from error
    prompt = Prompt(
        name, variant, checked, parts["system"].strip(), parts["user"].strip(), examples, content_hash(text)
    )
    _check_parts(prompt, where)
    return prompt


def _split(text: str, where: str) -> tuple[dict[str, Any], dict[str, str]]:
    match = re.match(r"---\n(.*?)\n---\n(.*)", text.replace("\r\n", "\n"), re.DOTALL)
    if match is None:
        raise PromptError(f"{where}: it must begin with a YAML head between two lines '---'")
    try:
        head = read_yaml(match.group(1)) or {}
    except yaml.YAMLError as error:
        raise PromptError(f"{where}: the head is not YAML: {error}") from error
    if not isinstance(head, dict):
        raise PromptError(f"{where}: the head must be a mapping, got {type(head).__name__}")
    pieces = _PART.split(match.group(2))
    parts = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    absent = [part for part in ("system", "user") if not parts.get(part, "").strip()]
    if absent:
        raise PromptError(f"{where}: the part '# {absent[0]}' is missing or empty")
    return head, parts


def _examples(text: str, where: str) -> Sequence[Any]:
    try:
        rows = read_yaml(text) or []
    except yaml.YAMLError as error:
        raise PromptError(f"{where}: the examples are not YAML: {error}") from error
    if not isinstance(rows, list):
        raise PromptError(f"{where}: the examples must be a list, got {type(rows).__name__}")
    return rows


def _check_parts(prompt: Prompt, where: str) -> None:
    _check_variables(prompt, where)
    if prompt.head.turns and not re.fullmatch(r"\$\{?[a-z_]+\}?", prompt.user):
        raise PromptError(f"{where}: a whole turn ({', '.join(prompt.head.turns)}) must stand alone in the user part")
    leaked = names_in(prompt.system) & {*prompt.head.data, *prompt.head.turns}
    if leaked:
        raise PromptError(f"{where}: text from outside ({sorted(leaked)}) may only stand in the user part")
    for number, example in enumerate(prompt.examples, 1):
        wrong = _wanted(prompt, example) ^ set(example.values)
        if wrong:
            raise PromptError(f"{where}: example {number}: values missing or unknown: {sorted(wrong)}")


def _check_variables(prompt: Prompt, where: str) -> None:
    """Check that every ``$`` begins a variable, and that no question needs the answer to a later one."""
    head = prompt.head
    texts = {"the system part": prompt.system, "the user part": prompt.user}
    texts |= {f"questions.{field}": question for field, question in head.questions.items()}
    texts |= {f"leads.{field}": " ".join(begun) for field, begun in head.leads.items()}
    for place, text in texts.items():
        if flaw := flaw_of(text):
            raise PromptError(f"{where}: {place}: {flaw}")
    if head.alternatives and (head.ask != "text" or not _text(head.sampling.extra.get("grammar"))):
        raise PromptError(f"{where}: alternatives are for ask: text and for a sampling whose extra has a grammar")
    known = names_in(prompt.system) | names_in(prompt.user)
    asked = list(head.questions) if head.ask == "each" else []
    for number, field in enumerate(asked):
        needed = names_in(" ".join((head.questions[field], *head.leads.get(field, ())))) - known
        if later := sorted(needed & set(asked[number:])):
            raise PromptError(f"{where}: questions.{field} uses {later[0]!r}, which is not asked before it")


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _wanted(prompt: Prompt, example: Example) -> frozenset[str]:
    """Return the names that an example must give: for ``each``, those of the questions that it answers."""
    wanted = names_in(prompt.user)
    if prompt.head.ask != "each":
        return wanted
    asked = [names_in(prompt.head.questions.get(field, "")) for field in example.reply]
    return wanted.union(*asked) - set(example.reply)
