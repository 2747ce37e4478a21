"""What the words of tools say: a verb its effect, a parameter's name its type."""

from __future__ import annotations

from simulator.models.tool import Effect, ParameterType
from simulator.population.tokens import word_list

__all__ = ["VERBS", "effect_of", "phrase", "type_of"]

_WHOLE = frozenset({"days", "hours", "minutes", "weeks", "months", "count", "quantity", "limit", "seats", "people"})
_WHOLE |= {"number", "guests", "copies", "pages", "year", "age", "floor", "rooms", "pieces", "boxes", "nights"}
_REAL = frozenset(
    {"price", "weight", "temperature", "distance", "amount", "depth", "height", "width", "length", "dose"}
)
_REAL |= {"humidity", "pressure", "speed"}
_REAL |= {"latitude", "longitude", "radius", "percent", "litres", "liters", "kg", "km", "cm", "mm", "budget", "cost"}
_YES_NO = frozenset({"is", "include", "only", "has", "with", "urgent", "notify", "allow"})
_NAMES = frozenset({"id", "code", "name", "phone", "serial", "account", "plate", "flight", "train", "order", "ticket"})
VERBS = tuple(
    word_list(
        "add book buy calculate cancel check compare confirm control count detect estimate fetch file find get hire "
        "list locate lock log look measure monitor notify open order pay read record register reorder rent report "
        "request reschedule reserve scan schedule search sell send set start stop submit test track unlock update "
        "verify watch"
    )
)
"""What tools do. Writing, explaining and translating are not among it: a language model does those alone."""

_ADDS = frozenset(
    word_list(
        "add append apply assign backup book buy create donate enrol enroll file hire insert log notify order pay post "
        "publish record register rent reorder report request reserve save schedule sell send store submit subscribe "
        "upload"
    )
)
_CHANGES = frozenset(
    word_list(
        "adjust change confirm control convert edit lock modify move open rename replace reschedule set start stop "
        "switch sync turn unlock update upgrade"
    )
)
_REMOVES = frozenset(word_list("cancel clear delete drop erase remove revoke unregister unsubscribe withdraw"))


def effect_of(name: str) -> Effect:
    """Return what a tool does to the world, as the verb of its name says it.

    >>> effect_of("track_parcel"), effect_of("order_hive_frames"), effect_of("cancel_booking")
    ('reads', 'adds', 'removes')
    """
    verb = name.partition("_")[0]
    if verb in _REMOVES:
        return "removes"
    if verb in _CHANGES:
        return "changes"
    return "adds" if verb in _ADDS else "reads"


def type_of(name: str, description: str = "") -> ParameterType:
    """Return the type that a parameter's name calls for, where a model gave none.

    >>> type_of("days"), type_of("hive_number", "number of the hive"), type_of("flight_number"), type_of("depth_cm")
    ('integer', 'integer', 'string', 'number')
    """
    words = word_list(name.replace("_", " "))
    if words[:1] and words[0] in _YES_NO:
        return "boolean"
    if set(words) & _NAMES:
        return "string"
    if set(words) & _REAL:
        return "number"
    counted = set(words) & _WHOLE or description.casefold().startswith(("how many", "number of"))
    return "integer" if counted else "string"


def phrase(name: str) -> str:
    """Return a tool's or parameter's name as words."""
    return name.replace("_", " ")
