"""The scenario: what to simulate, as it stands in the YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from simulator.models.persona import MAX_HOP, Question
from simulator.models.relation import RELATION_KINDS, RelationKind
from simulator.scenario.conversations import Conversations
from simulator.scenario.section import Section, listed

__all__ = [
    "BatchChoice",
    "Budget",
    "Cast",
    "CastFilter",
    "Conversations",
    "Dedup",
    "Expand",
    "Instructions",
    "ModelChoice",
    "ModelPrice",
    "Models",
    "Npcs",
    "Personas",
    "RoleName",
    "Scenario",
    "Texts",
    "Tools",
]

RoleName = Literal[
    "extractor",
    "relator",
    "poser",
    "user",
    "assistant",
    "judge",
    "npc_writer",
    "tool_coder",
    "tool_designer",
    "tool_player",
]


FlawName = Literal[
    "instruction leftover", "wrong language", "several people", "not a person", "names a real individual"
]
"""Those of :mod:`simulator.population.quality`."""


def _hops(value: int) -> int:
    if value > MAX_HOP:
        raise ValueError(
            f"hops must be 0 to {MAX_HOP}: by the six degrees of separation, six steps reach the people around "
            f"everybody, and further steps only come back to them"
        )
    return value


class BatchChoice(Section):
    """How a role's requests go through the provider's batch endpoint: for half the price, within a day.

    Attributes:
        most: Requests in one batch.
        least: Fewer than so many that wait are asked one by one, at the full price.
        linger_s: Seconds without a new request after which a batch is handed over.
        poll_s: Seconds between two looks at a batch.
        window: Within which the provider is to be done; OpenAI knows ``24h``.
        tries: Times that a request is put into a batch at most: batches expire.
    """

    most: int = Field(10_000, ge=1, le=50_000)
    least: int = Field(10, ge=1)
    linger_s: float = Field(2.0, gt=0)
    poll_s: float = Field(30.0, gt=0)
    window: str = "24h"
    tries: int = Field(3, ge=1)


def _batch(value: Any) -> Any:
    return {} if value is True else None if value is False else value


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

    Attributes:
        spec: ``local``, ``gguf:PATH``, ``openai:MODEL`` or ``URL#MODEL``.
        key_env: The environment variable that holds the key.
        prompts: Which shape of prompt suits it; by default ``small`` for ``local`` and ``standard`` for others.
        structured: How it is asked for JSON; ``auto`` tries and remembers.
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

    spec: str = Field("local", min_length=1)
    key_env: str | None = None
    prompts: Literal["small", "standard"] | None = None
    structured: Literal["auto", "json_schema", "json_object", "none"] = "auto"
    concurrency: int | None = Field(None, ge=1, le=4096)
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)
    timeout_s: float | None = Field(None, gt=0)
    unit_timeout_s: float | None = Field(None, gt=0)
    price: ModelPrice | None = None
    batch: Annotated[BatchChoice | None, BeforeValidator(_batch)] = None
    extra: dict[str, Any] = Field(default_factory=dict)


_IN_TURNS: tuple[RoleName, ...] = ("user", "assistant", "judge", "tool_player")
"""Roles that work turn by turn."""


def _choice(value: Any) -> Any:
    return {"spec": value} if isinstance(value, str) else value


ModelValue = Annotated[ModelChoice, BeforeValidator(_choice)]


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
            if role in self.roles and self.roles[role].batch is not None:
                raise ValueError(
                    f"the role {role!r} cannot have 'batch': turns of a conversation follow each other, and a batch "
                    f"for each would take days"
                )
        return self


class Texts(Section):
    """Where Text-to-Persona starts.

    Attributes:
        paths: Files, folders or globs, relative to the scenario file: ``.txt``, ``.md``, ``.jsonl``, ``.parquet``.
        field: The text's field in ``.jsonl`` and ``.parquet`` rows.
        questions: What is asked of each text: who would read, write, like, dislike it.
        per_text: How many of the questions each text gets; they are dealt in turn.
        limit: Only the first so many texts.
    """

    paths: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(min_length=1)
    field: str = "text"
    questions: tuple[Question, ...] = Field(("read", "write", "like", "dislike"), min_length=1)
    per_text: int = Field(1, ge=1, le=4)
    limit: int | None = Field(None, ge=1)


class Personas(Section):
    """Personas made elsewhere, which the population begins with as hop 0.

    Attributes:
        paths: Files (``.jsonl``, ``.parquet``), folders or globs of them, or run directories; relative to the scenario.
        field: The persona's field; by default ``persona``, or ``input persona`` as Persona Hub has it.
        attributes: Columns that are kept with the person; by default all short ones.
        filters: Flaws for which a persona is not admitted; each is counted by its name.
        limit: Only the first so many.
    """

    paths: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(min_length=1)
    field: str | None = None
    attributes: tuple[str, ...] | None = None
    filters: tuple[FlawName, ...] = get_args(FlawName)
    limit: int | None = Field(None, ge=1)


def _located(value: Any) -> Any:
    return {"paths": value} if isinstance(value, str | list) else value


class Dedup(Section):
    """Thresholds of admission: a pair at or above one is a duplicate. ``null`` switches a stage off.

    The defaults are the paper's (section 2.3).
    """

    mode: Literal["exact", "paper"] = "exact"
    jaccard: float | None = Field(0.9, gt=0, le=1)
    cosine: float | None = Field(0.9, gt=0, le=1)


class Expand(Section):
    """Persona-to-Persona.

    Attributes:
        hops: How far from the T2P personas, 0 to 6.
        per_persona: How many relations each frontier persona is asked for.
        kinds: The kinds of relation to ask for.
        max_personas: The population stops growing at so many.
        max_per_hop: At most so many frontier personas are expanded at each hop, sampled by seed.
        min_yield: Expansion ends where new people a question fall below this, looked at every 256 questions.
    """

    hops: Annotated[int, Field(ge=0), AfterValidator(_hops)] = 0
    per_persona: int = Field(1, ge=1, le=len(RELATION_KINDS))
    kinds: tuple[RelationKind, ...] = Field(RELATION_KINDS, min_length=1)
    max_personas: int | None = Field(None, ge=1)
    max_per_hop: int | None = Field(None, ge=1)
    min_yield: float = Field(0.0, ge=0, le=1)


class CastFilter(Section):
    """Who may be cast. Every given condition must hold.

    Attributes:
        hops: Its hop is one of these.
        origins: How it came into the population.
        questions: For T2P personas, the question that it answered.
        kinds: A relation of one of these kinds leads to it.
        words: Its text has each of these words (several words: the phrase).
        without: Its text has none of these.
        attributes: It has each of these attributes with this value; ``""`` is any value.
        granularities: It is drawn as finely as one of these says.
    """

    hops: tuple[Annotated[int, Field(ge=0, le=MAX_HOP)], ...] = ()
    origins: tuple[Literal["text", "persona", "import"], ...] = ()
    questions: tuple[Question, ...] = ()
    kinds: tuple[RelationKind, ...] = ()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    attributes: dict[str, str] = Field(default_factory=dict)
    granularities: tuple[Literal["coarse", "medium", "fine"], ...] = ()


class Cast(Section):
    """The personas of the productions, chosen among those who pass the filter; the same seed chooses the same ones.

    Attributes:
        size: How many; all who pass when there are fewer.
        strategy: ``uniform``: each equally likely. ``stratified``: as many of each stratum. ``coverage``: each as far
            as can be from those before, in meaning. ``nearest``: those nearest in meaning to ``query``.
        by: What the strata are: clusters in meaning, hops, kinds of relation, or the values of an attribute.
        attribute: Which attribute, for ``by: attribute``.
        clusters: How many, for ``by: cluster``; by default as many as the cast has members.
        query: Who is looked for, for ``nearest``: ``"elite: cardiology"``.
        where: Filter.
    """

    size: int = Field(8, ge=1)
    strategy: Literal["uniform", "stratified", "coverage", "nearest"] = "uniform"
    by: Literal["cluster", "hop", "relation", "attribute"] | None = None
    attribute: str | None = None
    clusters: int | None = Field(None, ge=1)
    query: str | None = Field(None, min_length=1)
    where: CastFilter = CastFilter()

    @model_validator(mode="after")
    def _complete(self) -> Cast:
        needs = (
            ("by", "strategy: stratified", self.strategy == "stratified"),
            ("query", "strategy: nearest", self.strategy == "nearest"),
            ("attribute", "by: attribute", self.by == "attribute"),
        )
        for name, what, needed in needs:
            if needed and getattr(self, name) is None:
                raise ValueError(f"'{what}' needs {name!r}")
            if not needed and getattr(self, name) is not None:
                raise ValueError(f"{name!r} is only for '{what}'")
        if self.clusters is not None and self.by != "cluster":
            raise ValueError("'clusters' is only for 'by: cluster'")
        return self


class Instructions(Section):
    """What each member of the cast poses."""

    per_persona: int = Field(1, ge=1, le=64)


class Npcs(Section):
    """NPCs for a world.

    Attributes:
        world: Its folder or file, relative to the scenario.
        count: How many of the cast become NPCs; without it, all.
        lore_words: A lore with more words is cut to the passages that fit each persona; each NPC's ``passages`` say so.
    """

    world: str
    count: int | None = Field(None, ge=1)
    lore_words: int = Field(2000, ge=50)


class Tools(Section):
    """Tool definitions that the cast would need.

    Attributes:
        count: Only the first so many of the cast are asked.
        per_persona: How many tools each is asked for.
        code: Have the tools implemented as well, and run their examples, shut in. Whoever starts the run has to allow
            it (``--allow-code``).
    """

    count: int | None = Field(None, ge=1)
    per_persona: int = Field(1, ge=1, le=8)
    code: bool = False


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
    personas: Annotated[Personas | None, BeforeValidator(_located)] = None
    texts: Texts | None = None
    dedup: Dedup = Dedup()
    expand: Expand = Expand()
    cast: Cast = Cast()
    instructions: Instructions | None = None
    conversations: Conversations | None = None
    npcs: Npcs | None = None
    tools: Tools | None = None
    budget: Budget = Budget()
    base: Path = Field(Path(), exclude=True)

    @property
    def coded(self) -> Tools | None:
        """The tools, if they are to be implemented."""
        return self.tools if self.tools is not None and self.tools.code else None

    @property
    def tested(self) -> Conversations | None:
        """The conversations, if they test an assistant or something has to hold of them."""
        talks = self.conversations
        return talks if talks is not None and (talks.assistant is not None or talks.checks) else None

    @model_validator(mode="after")
    def _complete(self) -> Scenario:
        if self.texts is None and self.personas is None:
            raise ValueError("needs 'texts', which the personas are extracted from, or 'personas' made elsewhere")
        talks = self.conversations
        if talks is None or self.instructions is not None:
            return self
        if talks.opener == "posed" or not (talks.situations or talks.situation or talks.script or talks.transcripts):
            raise ValueError(
                "'conversations' needs 'instructions' to open with, or 'situations', a 'script' or 'transcripts'"
            )
        return self
