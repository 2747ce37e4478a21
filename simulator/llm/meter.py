"""What was asked, what was reused, and how many tokens it took."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.models.message import Reply, Usage

__all__ = ["Meter", "Tally"]


@dataclass
class Tally:
    """Counts of one stage, role and model, or of all.

    Attributes:
        made: Calls that were answered by a model.
        reused: Calls that were answered by the store, or by the same call in flight.
        failed: Calls that no reply came back from.
        in_flight: Calls being made now.
        usage: Tokens of the calls made.
        usd: What they cost, as far as prices are known, in US dollars.
        unpriced: Calls made whose price is not known.
    """

    made: int = 0
    reused: int = 0
    failed: int = 0
    in_flight: int = 0
    usage: Usage = field(default_factory=Usage)
    usd: float = 0.0
    unpriced: int = 0


@dataclass
class Meter:
    """The counts of a run; everybody who makes calls writes to it, everybody who shows them reads.

    Attributes:
        total: All calls.
        rows: Calls by (stage, role, model).
    """

    total: Tally = field(default_factory=Tally)
    rows: dict[tuple[str, str, str], Tally] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """Calls that were answered by a model."""
        return self.total.made

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens of these calls."""
        return self.total.usage.prompt + self.total.usage.completion

    @property
    def in_flight(self) -> int:
        """Calls that a model works on now."""
        return self.total.in_flight

    @property
    def usd(self) -> float:
        """What the calls cost in US dollars, as far as prices are known."""
        return self.total.usd

    @property
    def unpriced(self) -> int:
        """Calls whose price is not known."""
        return self.total.unpriced

    def reused_in(self, stage: str, role: str) -> int:
        """Return how many calls of ``role`` in ``stage`` did not have to be made."""
        return sum(tally.reused for (where, who, _), tally in self.rows.items() if (where, who) == (stage, role))

    def row(self, stage: str, role: str, model: str) -> Tally:
        """Return the tally of one stage, role and model."""
        return self.rows.setdefault((stage, role, model), Tally())

    def started(self, row: Tally) -> None:
        """Count a call as in flight."""
        for tally in (self.total, row):
            tally.in_flight += 1

    def ended(self, row: Tally, reply: Reply | None) -> None:
        """Count a call in flight as made, with what came back, or as failed."""
        for tally in (self.total, row):
            tally.in_flight -= 1
            if reply is None:
                tally.failed += 1
            else:
                tally.made += 1
                tally.usage += reply.usage
                tally.usd += reply.usd or 0.0
                tally.unpriced += reply.usd is None

    def reused(self, row: Tally, reply: Reply) -> None:
        """Count a call that did not have to be made; ``reply`` is what it would have brought."""
        for tally in (self.total, row):
            tally.reused += 1
