"""The section ``models``: which model does each role, how it is spoken to and what it costs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from simulator.scenario.section import Section

__all__ = ["BatchChoice", "ModelChoice", "ModelPrice", "Models", "RoleName"]

RoleName = Literal[
    "extractor",
    "relator",
    "poser",
    "problem_writer",
    "solver",
    "text_writer",
    "user",
    "assistant",
    "judge",
    "npc",
    "npc_writer",
    "npc_tool_designer",
    "tool_coder",
    "tool_designer",
    "tool_player",
]


class BatchChoice(Section):
    """How a role's requests go through the provider's batch endpoint: for half the price, within a day.

    Attributes:
        most: Requests in one batch.
        most_mb: Megabytes of one batch; OpenAI takes 200. What does not fit goes into the next one.
        least: Fewer than so many that wait are asked one by one, at the full price.
        linger_s: Seconds without a new request after which a batch is handed over.
        poll_s: Seconds between two looks at a batch.
        window: Within which the provider is to be done; OpenAI knows ``24h``.
        tries: Times that a request is put into a batch at most: batches expire.
    """

    most: int = Field(10_000, ge=1, le=50_000)
    most_mb: float = Field(190.0, gt=0)
    least: int = Field(10, ge=1)
    linger_s: float = Field(2.0, gt=0)
    poll_s: float = Field(30.0, gt=0)
    window: str = "24h"
    tries: int = Field(3, ge=1)


def _batch(value: Any) -> Any:
    return {} if value is True else value


class ModelPrice(Section):
    """What a model costs, in US dollars for a million tokens.

    Attributes:
        input: Of the prompt.
        output: Of the answer.
        cached: Of the prompt where the server had it cached; by default as ``input``.
        batch: What a batch costs, as a share of that.
    """

    input: float = Field(ge=0, lt=1e6)
    output: float = Field(ge=0, lt=1e6)
    cached: float | None = Field(None, ge=0, lt=1e6)
    batch: float = Field(0.5, gt=0, le=1)


class ModelChoice(Section):
    """One model and how to speak to it.

    A role's entry without ``spec`` is the default model spoken to differently: what it does not say is as the default
    says. One with a ``spec`` is another model, and nothing of the default holds for it.

    Attributes:
        spec: ``local``, ``gguf:PATH``, ``openai:MODEL`` or ``URL#MODEL``; without it, of a role the default's, of the
            default the environment's or ``local``.
        key_env: The environment variable that holds the key.
        prompts: Which shape of prompt suits it; by default ``small`` for ``local`` and ``standard`` for others.
        structured: How it is asked for JSON; ``auto``, which it is by default, tries and remembers.
        concurrency: Most calls in flight at this endpoint; by default the scenario's ``concurrency``. Fewer while
            the endpoint answers 429.
        requests_per_minute: Most requests in any 60 seconds, retries included.
        tokens_per_minute: Most tokens in any 60 seconds, prompts and replies together.
        timeout_s: Longest time for one reply, retries and the waits between them included, in seconds; by default 300,
            for the embedded model 600.
        unit_timeout_s: Longest time for all replies that one unit (in a conversation, one turn) needs; by default three
            times ``timeout_s``.
        price: What it costs, instead of what the table of prices says.
        batch: Whether, and how, its requests go through the provider's batch endpoint; those of conversations never do.
        extra: Parameters of the request's body that only this server knows.
    """

    spec: str | None = Field(None, min_length=1)
    key_env: str | None = None
    prompts: Literal["small", "standard"] | None = None
    structured: Literal["auto", "json_schema", "json_object", "none"] | None = None
    concurrency: int | None = Field(None, ge=1, le=4096)
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)
    timeout_s: float | None = Field(None, gt=0)
    unit_timeout_s: float | None = Field(None, gt=0)
    price: ModelPrice | None = None
    batch: Annotated[
        BatchChoice | Literal[False] | None,
        BeforeValidator(_batch, json_schema_input_type=bool | BatchChoice | None),
    ] = None
    extra: dict[str, Any] = Field(default_factory=dict)

    def over(self, default: ModelChoice) -> ModelChoice:
        """Return this entry of a role with what it leaves to the default model."""
        if self.spec is not None:
            return self
        said = {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
        return default.model_copy(update={**said, "extra": {**default.extra, **self.extra}})


_IN_TURNS: tuple[RoleName, ...] = ("user", "assistant", "npc", "judge", "tool_player")
"""Roles that work turn by turn."""


def _choice(value: Any) -> Any:
    return {"spec": value} if isinstance(value, str) else value


ModelValue = Annotated[ModelChoice, BeforeValidator(_choice, json_schema_input_type=str | ModelChoice)]


class Models(Section):
    """The default model, and others by role.

    Attributes:
        default: For all roles that have none of their own; without it, the environment's choice or ``local``.
        roles: A model of its own for a role.
        embeddings: ``wordllama``, ``openai:MODEL`` or ``URL#MODEL``; without it, the environment's or ``wordllama``.
        embeddings_key_env: The variable that holds the embedder's key.
    """

    default: ModelValue | None = None
    roles: dict[RoleName, ModelValue] = Field(default_factory=dict)
    embeddings: str | None = None
    embeddings_key_env: str | None = None

    @model_validator(mode="after")
    def _no_batches_of_turns(self) -> Models:
        for role in _IN_TURNS:
            if role in self.roles and self.roles[role].batch:
                raise ValueError(
                    f"the role {role!r} cannot have 'batch': turns of a conversation follow each other, and a batch "
                    f"for each would take days"
                )
        return self
