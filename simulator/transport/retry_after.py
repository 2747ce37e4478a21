"""How long a server asks to be left alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

__all__ = ["retry_after"]


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a reply's headers ask to wait before the next request.

    ``retry-after-ms`` (milliseconds, sent by OpenAI and Azure) is preferred to ``Retry-After`` (RFC 9110, section
    10.2.3: seconds or an HTTP date).

    Args:
        headers: Response headers; a mapping that ignores case.
        now: Seconds since 1970, to which a date is compared.

    Returns:
        Seconds, 0 or more; ``None`` when there is no such header or it means nothing.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("Retry-After")
    seconds = _number(value)
    return seconds if seconds is not None else _until(value, now)


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else -1.0
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(value: str | None, now: float) -> float | None:
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError, OverflowError):
        return None
    # HTTP dates are in GMT even where a sloppy server leaves the zone out.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)
