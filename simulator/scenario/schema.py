"""The scenario: what to simulate, as it stands in the YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from simulator.scenario.casting import Cast, CastValue
from simulator.scenario.conversations import Conversations
from simulator.scenario.endpoints import Models, RoleName
from simulator.scenario.growth import Dedup, Expand, ExpandValue
from simulator.scenario.productions import InstructionsValue, Npcs, Problems, Tools, Writings
from simulator.scenario.section import Section
from simulator.scenario.sources import PersonasValue, TextsValue

__all__ = ["Budget", "Scenario"]


class Budget(Section):
    """Where an execution of the run stops, resumable.

    Attributes:
        max_usd: US dollars; every model's price must be known.
        max_calls: Calls to models.
        max_tokens: Tokens of prompts and answers.
        max_minutes: Minutes.
    """

    max_usd: float | None = Field(None, ge=0)
    max_calls: int | None = Field(None, ge=0)
    max_tokens: int | None = Field(None, ge=0)
    max_minutes: float | None = Field(None, ge=0)


class Scenario(Section):
    """A whole scenario. A section that is absent is a stage that is skipped."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    description: str = ""
    seed: int = Field(0, ge=0)
    language: str = Field("en", pattern=r"^[a-z]{2,3}$")
    granularity: Literal["coarse", "medium", "fine"] = "medium"
    concurrency: int = Field(8, ge=1, le=4096)
    models: Models = Models()
    prompts: dict[RoleName, str] = Field(default_factory=dict)
    candidates: dict[RoleName, Annotated[int, Field(ge=1, le=64)]] = Field(default_factory=dict)
    personas: PersonasValue | None = None
    texts: TextsValue | None = None
    dedup: Dedup = Dedup()
    expand: ExpandValue = Expand()
    cast: CastValue = Cast()
    instructions: InstructionsValue | None = None
    conversations: Conversations | None = None
    npcs: Npcs | None = None
    tools: Tools | None = None
    problems: Problems | None = None
    writings: Writings | None = None
    budget: Budget = Budget()
    base: Path = Field(Path(), exclude=True)

    @property
    def coded(self) -> Tools | None:
        """The tools, if they are to be implemented."""
        return self.tools if self.tools is not None and self.tools.code else None

    @property
    def solved(self) -> Problems | None:
        """The problems, if they are to be solved."""
        return self.problems if self.problems is not None and self.problems.solve else None

    @property
    def tested(self) -> Conversations | None:
        """The conversations, if they test an assistant or something has to hold of them."""
        talks = self.conversations
        return talks if talks is not None and (talks.assistant is not None or talks.checks) else None

    @model_validator(mode="after")
    def _complete(self) -> Scenario:
        if self.texts is None and self.personas is None:
            raise ValueError("needs 'texts', which the personas are extracted from, or 'personas' made elsewhere")
        if self.tools is not None and self.tools.of == "npcs" and self.npcs is None:
            raise ValueError("'tools.of: npcs' needs the section 'npcs', which says in which world they live")
        talks = self.conversations
        if talks is not None and talks.partner == "npc":
            self._check_company(talks)
        elif talks is not None and self.instructions is None:
            _check_opening(talks)
        return self

    def _check_company(self, talks: Conversations) -> None:
        """Check that the NPCs of conversations, and their tools, are made before."""
        if self.npcs is None:
            raise ValueError("'conversations.partner: npc' needs the section 'npcs': its NPCs are whom people meet")
        if talks.tools is not None and self.tools is None:
            raise ValueError("'conversations.tools' needs the section 'tools', which designs them")
        if talks.opener == "posed" and self.instructions is None:
            raise ValueError("'conversations.opener: posed' needs 'instructions' to open with")


def _check_opening(talks: Conversations) -> None:
    if talks.opener == "posed" or not (talks.situations or talks.situation or talks.script or talks.transcripts):
        raise ValueError(
            "'conversations' needs 'instructions' to open with, or 'situations', a 'script' or 'transcripts'"
        )
