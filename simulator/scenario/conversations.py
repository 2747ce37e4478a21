"""The section ``conversations``: who talks with whom, in what situation and manner, and when it is enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from simulator.models.base import listed
from simulator.models.conversation import Flawed
from simulator.models.situation import Behaviour, Lines, Situation
from simulator.scenario.behaviours import BEHAVIOURS
from simulator.scenario.section import Section
from simulator.scenario.subject import CheckSpec, SubjectSpec, ToolUse

__all__ = ["Conversations", "Judged", "Profile"]

Judged = Literal["goal", "behaviours", "turns"]


def _named(situations: tuple[Situation, ...]) -> tuple[Situation, ...]:
    for number, one in enumerate(situations, 1):
        if not one.name:
            raise ValueError(f"situation {number} has no 'name'")
    _once((one.name for one in situations), "situations")
    return situations


def _once(names: Iterable[str], what: str) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"two {what} are named {twice[0]!r}")


def _use(value: Any) -> Any:
    return {"use": value} if isinstance(value, str) else value


class Profile(Section):
    """A temper: behaviours that go together, and the share of the cast that has them.

    Attributes:
        share: Of the cast, above 0 to 1.
        behaviours: Names, from the library or from ``conversations.behaviours``.
    """

    share: float = Field(gt=0, le=1)
    behaviours: Annotated[tuple[str, ...], BeforeValidator(listed, json_schema_input_type=str | tuple[str, ...])] = (
        Field(min_length=1)
    )


class Conversations(Section):
    """Multi-turn conversations.

    Attributes:
        count: How many at most; by default one for each opening and situation.
        exchanges: Pairs of a user's and an assistant's turn.
        partner: ``assistant``; ``persona``: someone related, from the graph; ``npc``: an NPC of the run, whose world
            the persona visits. NPCs are dealt to the personas in turn.
        tools: The tools that an NPC may call; ``designed``: those that the run designed.
        system: The assistant's system prompt, when it is to have one of its own.
        situation: What every user is in, in a sentence; instead of ``situations``.
        situations: What the users are in and want: a list, or the path of a YAML file that holds one.
        per_persona: At most so many conversations for each member of the cast.
        per_situation: At most so many conversations in each situation.
        opener: ``posed``: the persona's instructions open; ``own``: it begins by itself, from its situation. By
            default ``posed``, and ``own`` where there are situations, a script, transcripts, NPCs or no instructions.
        script: The user's first turns, word for word, before they go on by themselves.
        transcripts: A ``.jsonl`` or ``.parquet`` file of talks to go on from (``{"messages": [...]}``), dealt to the
            cast in turn, for ``exchanges`` more; relative to the scenario.
        behaviours: Manners of your own, besides the library's.
        profiles: Which shares of the cast have which behaviours; the rest has none.
        flawed: What becomes of a turn that no draft was good enough for: ``end`` the conversation before it, ``keep``
            it with its labels, ``drop`` the conversation.
        least: Whole exchanges that a conversation needs to be a product when it ends before such a turn.
        redraws: How many drafts may be turned down in one conversation before it ends for its budget.
        judge: What the role ``judge`` decides: ``goal``, ``behaviours``, ``turns``.
        assistant: The assistant under test; a text is what to ``use``. Without it, the role ``assistant`` answers.
        checks: What has to hold of each conversation.
    """

    count: int | None = Field(None, ge=1)
    exchanges: int = Field(3, ge=1, le=64)
    partner: Literal["assistant", "persona", "npc"] = "assistant"
    tools: Annotated[
        ToolUse | None, BeforeValidator(_use, json_schema_input_type=Literal["designed"] | ToolUse | None)
    ] = None
    system: str | None = None
    situation: str | None = None
    situations: Annotated[tuple[Situation, ...], AfterValidator(_named)] = ()
    per_persona: int | None = Field(None, ge=1)
    per_situation: int | None = Field(None, ge=1)
    opener: Literal["posed", "own"] | None = None
    script: Lines = ()
    transcripts: str | None = Field(None, min_length=1)
    behaviours: tuple[Behaviour, ...] = ()
    profiles: tuple[Profile, ...] = ()
    flawed: Flawed = "end"
    least: int = Field(2, ge=1, le=64)
    redraws: int | None = Field(None, ge=0)
    judge: Annotated[
        tuple[Judged, ...], BeforeValidator(listed, json_schema_input_type=Judged | tuple[Judged, ...])
    ] = ()
    assistant: Annotated[SubjectSpec | None, BeforeValidator(_use, json_schema_input_type=str | SubjectSpec | None)] = (
        None
    )
    checks: tuple[CheckSpec, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Conversations:
        if self.situation is not None and self.situations:
            raise ValueError("has both 'situation' and 'situations'; put the one sentence into 'about' of each")
        if self.transcripts is not None and (self.opener == "posed" or self.partner == "persona"):
            raise ValueError("'transcripts' are of users and an assistant, and take the place of an opener")
        self._check_company()
        _once((one.name for one in self.behaviours), "behaviours")
        shares = sum(profile.share for profile in self.profiles)
        if shares > 1 + 1e-9:
            raise ValueError(
                f"profiles: their shares add up to {shares:g}; allowed is 1 at most, and the rest has none"
            )
        for profile in self.profiles:
            self.manner(profile)
        known = {situation.name for situation in self.situations}
        unknown = [name for check in self.checks for name in check.situations if name not in known]
        if unknown:
            raise ValueError(
                f"a check is for the situation {unknown[0]!r}; there are {', '.join(sorted(known)) or 'none'}"
            )
        return self

    def _check_company(self) -> None:
        if self.tools is not None and self.partner != "npc":
            raise ValueError(
                "'tools' are those of NPCs and go with 'partner: npc'; an assistant under test has its own in "
                "'assistant.tools'"
            )
        for name in ("assistant", "system", "transcripts") if self.partner == "npc" else ():
            if getattr(self, name) is not None:
                raise ValueError(f"'partner: npc' and {name!r} do not go together: the NPC's card is what it is told")

    @property
    def posed(self) -> bool:
        """Whether the conversations open with posed instructions, unless the scenario has none."""
        if self.opener is not None:
            return self.opener == "posed"
        return not (self.situations or self.script or self.transcripts or self.partner == "npc")

    def manner(self, profile: Profile) -> tuple[Behaviour, ...]:
        """Return the behaviours of ``profile``.

        Raises:
            ValueError: It names one that there is not.
        """
        known = {**BEHAVIOURS, **{one.name: one for one in self.behaviours}}
        for name in profile.behaviours:
            if name not in known:
                raise ValueError(f"there is no behaviour {name!r}; there are {', '.join(sorted(known))}")
        return tuple(known[name] for name in profile.behaviours)
