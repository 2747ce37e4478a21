"""Admission decisions: why a candidate is in, or not."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simulator.models.base import Record

__all__ = ["Decision", "Stage", "Subject"]

Stage = Literal["exact", "minhash", "embedding", "check", "limit"]
Subject = Literal["persona", "instruction", "npc", "tool", "problem", "text"]


class Decision(Record):
    """One candidate's admission or rejection, with its evidence.

    Attributes:
        subject: What kind of thing was to be admitted.
        candidate: The candidate's content id.
        text: The candidate's text.
        admitted: Whether it is in.
        stage: For a rejection, the stage that rejected it.
        survivor: For a duplicate, the id of the earlier item that stays.
        score: The verified similarity: 1.0 (exact), true Jaccard (minhash), cosine (embedding); ``None`` otherwise.
        reason: A sentence for people.
        unit: The unit that made the candidate.
    """

    subject: Subject
    candidate: str
    text: str
    admitted: bool
    stage: Stage | None = None
    survivor: str | None = None
    score: float | None = Field(None, ge=-1.001, le=1.001)
    reason: str = ""
    unit: str = ""
