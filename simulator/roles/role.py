"""What a role is: a value made by a function, not a class to inherit from."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from simulator.embeddings.protocol import Embedder
from simulator.llm.protocol import ChatModel
from simulator.models.base import Record
from simulator.models.message import Message
from simulator.prompts.template import Prompt

__all__ = ["Check", "Role", "RoleContext"]

I = TypeVar("I", bound=Record)  # noqa: E741 - the input and output types of a role
O = TypeVar("O", bound=Record)  # noqa: E741


@dataclass(frozen=True)
class Check(Generic[I, O]):
    """One named rule that an output must keep.

    ``test`` returns ``None``, or a short clause that says what is wrong and can be shown to the model.

    Attributes:
        name: Of the flaw, in the record of rejections.
        test: The rule.
        field: The one field that it judges (it may look at earlier ones). A prompt that asks for each field apart
            applies it as soon as that field is answered.
        crutch: It is for small models only, whose usual faults it knows by word lists and patterns that would also
            turn down what a capable model writes well. Applied where the prompt's head says ``crutches``.
    """

    name: str
    test: Callable[[I, O], str | None]
    field: str | None = None
    crutch: bool = False


Score = Callable[[I, Sequence[O], Embedder], Awaitable[Sequence[float]]]


def _nothing(_inputs: Record) -> Sequence[dict[str, Any]]:
    return ()


def _open(_inputs: Record, _field: str, _done: Mapping[str, Any]) -> Sequence[str]:
    return ()


def _no_history(_inputs: Record) -> Sequence[Message]:
    return ()


@dataclass(frozen=True)
class Role(Generic[I, O]):
    """One job that a language model does.

    Attributes:
        name: Also the name of its prompt.
        inputs: The record that it takes.
        output: The record that it makes; for a prompt that asks for plain text, it has one ``str`` field.
        values: From the inputs to the prompt's variables.
        checks: What every output must keep, in the order of trying.
        score: For best-of-k: higher is better; without it the first output that passes is taken.
        history: Earlier chat turns that follow the user part.
        mend: Takes the usual faults of a small model away, before ``tidy``, where the prompt's head says ``crutches``.
        thread: For a prompt that asks for a ``call``: what was said and called so far, as a chat completion request
            has it; it follows the user part.
        tools: For the same: what may be called, as a chat completion request has it.
        choices: For a prompt that asks for each field apart: the only replies that the inputs and the fields before
            leave for a field, where these are settled; empty where they are not. They hold for the fields that the
            prompt's head says are to ``choose``.
        tidy: Mends what needs no judgement (quotes around a sentence) before the checks.
    """

    name: str
    inputs: type[I]
    output: type[O]
    values: Callable[[I], Mapping[str, str]]
    checks: tuple[Check[I, O], ...] = ()
    score: Score[I, O] | None = None
    history: Callable[[I], Sequence[Message]] = _no_history
    mend: Callable[[O], O] | None = None
    thread: Callable[[I], Sequence[dict[str, Any]]] = _nothing
    tools: Callable[[I], Sequence[dict[str, Any]]] = _nothing
    choices: Callable[[I, str, Mapping[str, Any]], Sequence[str]] = _open
    tidy: Callable[[O], O] | None = None


@dataclass(frozen=True)
class RoleContext(Generic[I, O]):
    """All that the role machine needs to perform one role.

    Attributes:
        role: The job.
        prompt: Its template, in the variant that suits the model.
        model: Who does it.
        embedder: For the score.
        candidates: Overrides the prompt's best-of-k when the scenario says so.
        deadline_s: Seconds that one unit (in a conversation, one turn) may take with the endpoint, all its calls and
            their attempts taken together; time in the endpoint's queue does not count.
    """

    role: Role[I, O]
    prompt: Prompt
    model: ChatModel
    embedder: Embedder
    candidates: int | None = None
    deadline_s: float = 1800.0

    @property
    def k(self) -> int:
        """How many replies are drawn at once."""
        return self.candidates or self.prompt.head.candidates

    @cached_property
    def checks(self) -> tuple[Check[I, O], ...]:
        """The role's checks that hold for replies to this prompt."""
        return tuple(one for one in self.role.checks if self.prompt.head.crutches or not one.crutch)

    @cached_property
    def unasked(self) -> frozenset[str]:
        """The fields of the output that have a default and that the prompt does not ask for.

        They are left out of the schema: a model that must fill a field that nobody told it of fills it with anything.
        """
        fields = self.role.output.model_fields.items()
        return frozenset(name for name, field in fields if not field.is_required() and not _asks(self.prompt, name))

    def tidied(self, output: O) -> O:
        """Return ``output`` as the checks see it."""
        if self.role.mend is not None and self.prompt.head.crutches:
            output = self.role.mend(output)
        return self.role.tidy(output) if self.role.tidy is not None else output


def _asks(prompt: Prompt, field: str) -> bool:
    """Whether a reply is to have ``field``: an example's has it, or the text names it, in quotes or before a colon."""
    shown = any(field in example.reply for example in prompt.examples)
    named = rf"[\"'`]{re.escape(field)}[\"'`]|^[ \t]*[-*] \W*{re.escape(field)}\W*:"
    return shown or re.search(named, f"{prompt.system}\n{prompt.user}", re.MULTILINE) is not None
