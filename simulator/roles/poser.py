"""Instructions: what a person would really ask of an assistant (Persona Hub, section 4.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import Field

from simulator.embeddings.protocol import Embedder
from simulator.models.base import Record, normalise_text
from simulator.population.quality.languages import guess_language
from simulator.population.tokens import word_list
from simulator.prompts.shipped import shown_replies
from simulator.roles.checks import copied, leftover, repeated_words
from simulator.roles.choice import nearness
from simulator.roles.guards.language import script_of
from simulator.roles.prose import EXAMPLE_RUN, blank, language_differs, recited
from simulator.roles.role import Check, Role

__all__ = ["PosedInstruction", "PoserInput", "poser"]

LEAST_WORDS, MOST_WORDS = 5, 120

KINDS = (
    "advice for a decision",
    "a question of fact",
    "help with something that does not work",
    "a calculation",
    "a text to draft",
    "an explanation",
    "a plan",
    "ideas",
    "something of their own to check or improve",
    "a comparison",
    "how to do something",
    "a question out of curiosity",
    "help with other people",
    "a text to summarise or rewrite",
)
"""What a person may want of an assistant. Units are dealt one each, because a single call cannot vary anything."""


class PoserInput(Record):
    """The person who asks, and what kind of request it is; an empty ``kind`` leaves that open."""

    persona: str = Field(min_length=1)
    kind: str = ""


class PosedInstruction(Record):
    """What the person asks."""

    instruction: str = Field(min_length=1, max_length=800)


def poser() -> Role[PoserInput, PosedInstruction]:
    """Return the role that poses instructions."""
    rules = (
        ("leftover", _self_named),
        ("blank", _to_fill_in),
        ("about_person", _about_task),
        ("length", _length),
        ("language", _language),
        ("copy_of_persona", _copy_of_persona),
        ("copy_of_example", _copy_of_example),
    )
    crutches = (
        ("leftover", _leftover),
        ("blank", _blank),
        ("answer", _answer),
        ("no_request", _no_request),
        ("about_person", _about_person),
        ("unfinished", _unfinished),
        ("repetition", _repetition),
    )
    return Role(
        name="poser",
        inputs=PoserInput,
        output=PosedInstruction,
        values=_values,
        checks=(
            *(Check(name, rule, "instruction", crutch=True) for name, rule in crutches),
            *(Check(name, rule, "instruction") for name, rule in rules),
        ),
        score=_score,
        mend=_mend,
        tidy=_tidy,
    )


_AROUND = (('"', '"'), ("“", "”"))
_QUOTES = '"“”* '
_REQUEST = re.compile(
    r"^(?:please,? )?(?:(?:can|could|would|will) you (?:please )?)?(?:help|write|draft|explain|give|make|plan|suggest|"
    r"compare|list|show|tell|create|design|check|summari[sz]e|translate|calculate|find|recommend|describe|prepare|turn|"
    r"rewrite|outline|advise|teach|work out|estimate|compose|propose|review|correct|improve|walk|sort|draw up|put|"
    r"convert|analy[sz]e|identify|develop|provide|come up with|look|name|invent|pretend|act|play|quiz|take|read)\b",
    re.IGNORECASE,
)
_WANTS = re.compile(
    r"\bI (?:need|want|would like|'d like|am looking for|wonder)\b|\bI['’]d like\b|\bhelp me\b", re.IGNORECASE
)
_ANSWER = re.compile(
    r"^(?:you (?:can|could|should|may|must|need to)|first,|to (?:do|make|get|find|improve) [^?]*, (?:you|start|try)|"
    r"there are (?:many|several|a few|some)|here (?:are|is)|some (?:tips|ideas|ways)|yes\b|no\b|it is important|"
    r"it's important|the (?:best|answer|first step|key))[^?]*$|^\s*(?:1[.)]|[-*•]) ",
    re.IGNORECASE | re.DOTALL,
)
_ABOUT = re.compile(
    r"\b(?:this|the) (?:person|persona|user|description)\b"
    r"|\b(?:he|she|they|his|her|their) (?:asks?|wants? to know|is asking|would (?:ask|like))\b"
    r"|\b(?:AI|chat) ?assistant\b|\bthe assistant\b",
    re.IGNORECASE,
)


def _values(inputs: PoserInput) -> Mapping[str, str]:
    return {"persona": inputs.persona, "kind": inputs.kind or "any"}


def _tidy(output: PosedInstruction) -> PosedInstruction:
    """Take off quotes around the whole; how somebody types, paragraphs and code included, stays as it is."""
    text = output.instruction.strip()
    whole = len(text) > 1 and (text[0], text[-1]) in _AROUND and not set(text[1:-1]) & set('"“”')
    return PosedInstruction(instruction=(text[1:-1].strip() if whole else text) or output.instruction)


def _mend(output: PosedInstruction) -> PosedInstruction:
    text = normalise_text(output.instruction).strip(_QUOTES)
    text = re.sub(r"^(?:question|request|instruction|prompt|query|me|user)\s*:\s*", "", text, flags=re.IGNORECASE)
    return PosedInstruction(instruction=(text[:1].upper() + text[1:]) or output.instruction)


_SELF = re.compile(r"\bas an? (?:AI|language model)\b|<\|?im_(?:start|end)\|?>|^<(?:persona|think)>", re.IGNORECASE)
_FILL_IN = re.compile(
    r"\[(?:insert|your|name|city|place|date|company|topic)\b[^\]]{0,30}\](?!\()|\{\{[^}]{0,40}\}\}|_{4,}"
    r"|\binsert \w+ here\b",
    re.IGNORECASE,
)
_TASK = re.compile(r"\b(?:this|the) (?:person|persona|description)\b (?:would|might|asks?|wants?)\b", re.IGNORECASE)


def _self_named(_inputs: PoserInput, output: PosedInstruction) -> str | None:
    found = _SELF.search(output.instruction)
    return f"it sounds like a model, not like the person ({found.group()!r})" if found else None


def _to_fill_in(_inputs: PoserInput, output: PosedInstruction) -> str | None:
    found = _FILL_IN.search(output.instruction)
    return f"it has a blank that the person would have filled in ({found.group()!r})" if found else None


def _about_task(_inputs: PoserInput, output: PosedInstruction) -> str | None:
    found = _TASK.search(output.instruction)
    return f"it speaks about the person instead of as the person ({found.group()!r})" if found else None


def _leftover(_inputs: PoserInput, output: PosedInstruction) -> str | None:
    found = leftover(output.instruction)
    return f"it sounds like an assistant or a task, not like the person ({found!r})" if found else None


def _blank(_inputs: PoserInput, output: PosedInstruction) -> str | None:
    found = blank(output.instruction)
    return f"it has a blank that the person would have filled in ({found!r})" if found else None


def _answer(_inputs: PoserInput, output: PosedInstruction) -> str | None:
    return "it answers instead of asking" if _ANSWER.search(output.instruction) else None


def _no_request(_inputs: PoserInput, output: PosedInstruction) -> str | None:
    text = output.instruction
    if script_of(text) not in ("LATIN", None) or guess_language(text) not in ("en", None):
        return None  # how a request sounds is known for English only
    asks = "?" in text or _WANTS.search(text) or any(_REQUEST.match(part) for part in re.split(r"(?<=[.!:])\s+", text))
    return None if asks else "it asks for nothing"


def _about_person(_inputs: PoserInput, output: PosedInstruction) -> str | None:
    found = _ABOUT.search(output.instruction)
    return f"it speaks about the person instead of as the person ({found.group()!r})" if found else None


def _length(_inputs: PoserInput, output: PosedInstruction) -> str | None:
    count = len(word_list(output.instruction))
    most = MOST_WORDS if script_of(output.instruction) != "CJK" else 3 * MOST_WORDS
    return None if LEAST_WORDS <= count <= most else f"it has {count} words; {LEAST_WORDS} to {most} are wanted"


def _unfinished(_inputs: PoserInput, output: PosedInstruction) -> str | None:
    last = output.instruction.strip()[-1:]
    return None if last in '.?!…。？！)"”»' else f"its end is missing ({output.instruction[-30:]!r})"


def _repetition(_inputs: PoserInput, output: PosedInstruction) -> str | None:
    short = len(word_list(output.instruction)) <= 40
    word = repeated_words(output.instruction, 2 if short else 5) if short else None
    return f"it repeats {word!r}" if word else None


def _language(inputs: PoserInput, output: PosedInstruction) -> str | None:
    return language_differs(inputs.persona, output.instruction)


def _copy_of_persona(inputs: PoserInput, output: PosedInstruction) -> str | None:
    return recited(inputs.persona, output.instruction)


def _copy_of_example(_inputs: PoserInput, output: PosedInstruction) -> str | None:
    return copied(output.instruction, shown_replies("poser", "instruction"), EXAMPLE_RUN)


async def _score(inputs: PoserInput, outputs: Sequence[PosedInstruction], embedder: Embedder) -> Sequence[float]:
    """Return how near each request is to the person's life."""
    return await nearness(inputs.persona, [output.instruction for output in outputs], embedder)
