"""From results to entries: personas through the population, products through a desk of their kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphs.context import ProductionContext
from graphs.role import perform_unit
from graphs.stage import Counts, run_stage
from simulator.models.conversation import Conversation
from simulator.models.decision import Decision
from simulator.models.outcome import Outcome
from simulator.models.unit import Unit, UnitResult
from simulator.population.candidate import Admission, Candidate
from simulator.population.dedup.deduplicator import Comparison, Deduplicator
from simulator.population.dedup.verdict import DedupSettings
from simulator.roles.role import RoleContext
from simulator.runs.entry import Entry, Product, ProductKind
from simulator.runs.pool import Ended
from simulator.scenario.schema import Scenario

__all__ = ["Proposal", "admit_personas", "admit_products", "dedup_settings", "run_proposals", "unrivalled"]


@dataclass(frozen=True)
class Proposal:
    """A product that asks to be admitted.

    Attributes:
        product: What it would add.
        text: What it is compared by.
        key: What no two products of the kind may share (a name); empty when there is no such thing.
    """

    product: Product
    text: str
    key: str = ""


@dataclass
class _Desk:
    """What was admitted of one kind of product."""

    dedup: Deduplicator
    keys: dict[str, str] = field(default_factory=dict)


def dedup_settings(scenario: Scenario) -> DedupSettings:
    """Return the scenario's thresholds."""
    chosen = scenario.dedup
    return DedupSettings(chosen.mode, chosen.jaccard, chosen.cosine, chosen.proposer)


async def admit_personas(
    context: ProductionContext, batch: Sequence[Ended], candidate: Callable[[Ended], Candidate]
) -> list[Entry]:
    """Admit the personas of a batch, in order, and return what that adds to the ledger."""
    good = [ended for ended in batch if ended.result.value is not None]
    candidates = [candidate(ended) for ended in good]
    vectors = await context.embedder.embed([one.text for one in candidates]) if candidates else None
    admissions = iter(context.population.admit_many(candidates, vectors))
    return [_persona_entry(ended, next(admissions) if ended.result.value is not None else None) for ended in batch]


def _persona_entry(ended: Ended, admission: Admission | None) -> Entry:
    if admission is None:
        return Entry(ended.unit, ended.result)
    return Entry(
        ended.unit,
        ended.result,
        personas=[admission.persona] if admission.persona else [],
        relations=[admission.relation] if admission.relation else [],
        decisions=[admission.decision],
        nearer=admission.nearer,
        changed=admission.changed,
    )


async def run_proposals(
    context: ProductionContext,
    stage: str,
    units: Iterable[Unit],
    role: RoleContext[Any, Any],
    kind: ProductKind,
    propose: Callable[[Unit, UnitResult], Proposal],
) -> Counts:
    """Run a stage in which each unit performs one role and proposes one product; near-duplicates are rejected.

    Args:
        context: The run.
        stage: Its name.
        units: All its units in order.
        role: Who performs them.
        kind: What the products are.
        propose: From a unit and its result to the product.

    Raises:
        SixhopError: As for :func:`~graphs.stage.run_stage`.
    """
    return await run_stage(
        context,
        stage,
        units,
        lambda unit: perform_unit(unit, role),
        lambda batch: admit_products(context, kind, batch, propose),
    )


async def admit_products(
    context: ProductionContext,
    kind: ProductKind,
    batch: Sequence[Ended],
    propose: Callable[[Unit, UnitResult], Proposal],
) -> list[Entry]:
    """Admit the products of a batch, in order: each unlike every earlier one of its kind."""
    proposals = {ended.unit.id: propose(ended.unit, ended.result) for ended in batch if ended.result.value is not None}
    if not proposals:
        return [Entry(ended.unit, ended.result) for ended in batch]
    desk = await _desk(context, kind)
    ids, texts = [one.product.id for one in proposals.values()], [one.text for one in proposals.values()]
    comparison = desk.dedup.compare(ids, texts, await context.embedder.embed(texts))
    decided = {
        unit: _decide(desk, kind, unit, proposal, comparison, place)
        for place, (unit, proposal) in enumerate(proposals.items())
    }
    return [_product_entry(ended, proposals.get(ended.unit.id), decided.get(ended.unit.id)) for ended in batch]


def unrivalled(batch: Sequence[Ended], kind: ProductKind, record: type[Conversation | Outcome]) -> list[Entry]:
    """Return the entries of a batch whose results are products already; each is kept, however like another it is."""
    entries = []
    for ended in batch:
        products = []
        if ended.result.value is not None:
            made = record.model_validate(ended.result.value)
            products = [Product(kind, made.id, made.persona, made)]
        entries.append(Entry(ended.unit, ended.result, products=products))
    return entries


def _product_entry(ended: Ended, proposal: Proposal | None, decision: Decision | None) -> Entry:
    if proposal is None or decision is None:
        return Entry(ended.unit, ended.result)
    products = [proposal.product] if decision.admitted else []
    return Entry(ended.unit, ended.result, decisions=[decision], products=products)


def _decide(
    desk: _Desk, kind: ProductKind, unit: str, proposal: Proposal, comparison: Comparison, place: int
) -> Decision:
    id_ = proposal.product.id
    shared: dict[str, Any] = {"subject": kind, "candidate": id_, "text": proposal.text, "unit": unit}
    holder = desk.keys.get(proposal.key) if proposal.key else None
    if holder is not None:
        reason = f"the name {proposal.key!r} is taken"
        return Decision(**shared, admitted=False, stage="exact", survivor=holder, score=1.0, reason=reason)
    verdict = comparison.decide(place)
    if not verdict.admitted:
        reason = f"too near to {verdict.survivor}"
        return Decision(
            **shared,
            admitted=False,
            stage=verdict.stage,
            survivor=verdict.survivor,
            score=verdict.score,
            reason=reason,
        )
    if proposal.key:
        desk.keys[proposal.key] = id_
    return Decision(**shared, admitted=True)


async def _desk(context: ProductionContext, kind: ProductKind) -> _Desk:
    """Return the kind's desk; after a resume, with what the ledger says was admitted."""
    desk = context.desks.get(kind)
    if desk is None:
        desk = context.desks[kind] = _Desk(Deduplicator(dedup_settings(context.scenario)))
        admitted = [one for one in context.ledger.decisions() if one.subject == kind and one.admitted]
        if admitted:
            texts = [one.text for one in admitted]
            desk.dedup.restore([one.candidate for one in admitted], texts, await context.embedder.embed(texts))
        for body in context.ledger.products(kind):
            if body.get("name"):
                desk.keys[body["name"]] = body["id"]
    return desk
