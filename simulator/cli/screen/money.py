"""How money and large counts are written, and what is said of money that nobody can count."""

from __future__ import annotations

from typing import Protocol

__all__ = ["about", "compact", "dollars", "number_of", "paid"]


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


def compact(number: float) -> str:
    """Return a count in few characters.

    >>> compact(0.6), compact(42), compact(1_234), compact(56_789), compact(1_200_000)
    ('0.6', '42', '1.2k', '57k', '1.2M')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= 0.9995 * size:
            return f"{number / size:.{0 if number >= 9.95 * size else 1}f}{letter}"
    return f"{number:.0f}" if number >= 1 or number == 0 else f"{number:.1f}"


def dollars(amount: float) -> str:
    """Return ``amount`` with two digits that say something, at least cents.

    >>> dollars(1234.5), dollars(0.5), dollars(0.0731), dollars(0.00042), dollars(0)
    ('$1,234.50', '$0.50', '$0.073', '$0.00042', '$0')
    """
    if amount == 0:
        return "$0"
    if amount >= 0.095:
        return f"${amount:,.2f}"
    return f"${float(f'{amount:.2g}'):.10f}".rstrip("0")


def about(amount: float) -> str:
    """Return ``amount`` in few characters, for where cents say nothing.

    >>> about(5262.8), about(104.7), about(88.21), about(0.0731)
    ('$5.3k', '$105', '$88.21', '$0.073')
    """
    return f"${compact(amount)}" if amount >= 100 else dollars(amount)


def number_of(count: int, noun: str) -> str:
    """Return how many there are of something that takes an ``s`` in the plural.

    >>> number_of(1, "call"), number_of(2_000, "call")
    ('1 call', '2,000 calls')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def paid(spent: Paid, calls: int) -> str:
    """Return what was spent: empty when all of it was free, and a word about calls of unknown price.

    Args:
        spent: What was paid for.
        calls: How many calls were paid for; where no price is known of any, their number need not be said again.
    """
    some = f"{number_of(spent.unpriced, 'call')} of unknown price" if spent.unpriced else ""
    unknown = "price unknown" if 0 < calls == spent.unpriced else some
    if not spent.usd:
        return unknown
    return dollars(spent.usd) + (f" and {unknown}" if unknown else "")
