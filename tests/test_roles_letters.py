"""An assistant says a text again that it was asked for again: another version, or a text handed over to be corrected."""

from __future__ import annotations

import asyncio

import pytest
from fault_cases import role_named
from role_cases import flaw

from simulator.embeddings.wordllama import WordLlamaEmbedder
from simulator.models.message import Message
from simulator.roles.assistant import AssistantInput, AssistantTurn
from simulator.roles.guards.nearness import said_before

LETTER = """Here's a half-page draft:

Dear members of the Rotary Club,

Our music school teaches 210 children from every part of town. Its grand piano has a damaged soundboard, and a specialist
has quoted 2,400 euros. If it is left for another winter, the damage may become irreparable.

We do not want to turn to families who have already given generously this year. Would your club consider a contribution?
In return we would be glad to name the club in our concert programme.

With kind regards,
[Name]"""
SOFTER = "Irreparable is too strong. Put in something softer; and it is the piano in the lower hall."
REVISED = """Good points. Here is the revised version:

Dear members of the Rotary Club,

Our music school teaches 210 children from every part of town. Much of that teaching happens at the piano in our lower
hall, which has been in daily use for decades. Its soundboard needs work, for which we have an offer of 2,400 euros. The
sooner it is done, the smaller the risk that it spreads.

We do not want to turn to families who have already given generously this year. Would your club consider a contribution?
In return we would be glad to name the club in our concert programme.

With kind regards,
[Name]"""
TO_CORRECT = """Can you correct the mistakes in this? Dear neighbours, on saturday the 14th we celebrate our daughters
birthday in the courtyard and it will get a bit louder then usual. We start at 3 and promise that the music is off by
ten. If something bothers you just ring, we have cake for everybody."""
CORRECTED = """Here is the corrected version:

Dear neighbours, on Saturday the 14th we celebrate our daughter's birthday in the courtyard, and it will get a bit louder
than usual. We start at 3 and promise that the music is off by ten. If something bothers you, just ring; we have cake for
everybody."""
NOTE = "Dear Mr Holm, the chair has a loose leg. Please collect it on Friday after two. Kind regards, [Name]"
SPEAKERS = ("user", "assistant", "user")


@pytest.mark.parametrize(
    ("said", "answer", "name"),
    [
        (("Draft a letter to the Rotary club, please.", LETTER, SOFTER), REVISED, None),
        (("Draft a letter to the Rotary club, please.", LETTER, SOFTER), LETTER, "repeats_self"),
        (("Draft a short note, please.", NOTE, "Thursday instead"), NOTE.replace("Friday", "Thursday"), None),
        (("Draft a short note, please.", NOTE, "Thursday instead"), NOTE, "repeats_self"),
        ((TO_CORRECT,), CORRECTED, None),
        ((TO_CORRECT.replace("correct the mistakes in", "read"),), CORRECTED, "repeats_other"),
    ],
)
def test_a_letter_comes_again_when_it_was_asked_for(said: tuple[str, ...], answer: str, name: str | None) -> None:
    history = tuple(Message(role=role, content=text) for role, text in zip(SPEAKERS, said, strict=False))
    inputs = AssistantInput(history=history)
    assert flaw(role_named("assistant"), inputs, AssistantTurn(message=answer), "standard") == name
    label = asyncio.run(said_before(answer, inputs.scene, WordLlamaEmbedder()))
    assert (label.detector if label else None) == name
