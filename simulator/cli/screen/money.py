"""How money is written, and what is said of money that nobody can count."""

from __future__ import annotations

from typing import Protocol

__all__ = ["dollars", "paid"]


class Paid(Protocol):
    """What was paid for."""

    @property
    def usd(self) -> float:
        """US dollars, as far as prices are known."""
        ...

    @property
    def unpriced(self) -> int:
        """Calls whose price is not known."""
        ...


def dollars(amount: float) -> str:
    """Return ``amount`` with two digits that say something, at least cents.

    >>> dollars(1234.5), dollars(0.0731), dollars(0.00042), dollars(0)
    ('$1,234.50', '$0.073', '$0.00042', '$0')
    """
    if amount == 0:
        return "$0"
    if amount >= 1:
        return f"${amount:,.2f}"
    return f"${float(f'{amount:.2g}'):.10f}".rstrip("0")


def paid(spent: Paid) -> str:
    """Return what was spent: empty when all of it was free, and a word about calls of unknown price."""
    unknown = f"{spent.unpriced:,} calls of unknown price" if spent.unpriced else ""
    if not spent.usd:
        return unknown
    return dollars(spent.usd) + (f" and {unknown}" if unknown else "")
