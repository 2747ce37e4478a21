"""The words by which a role's checks know a person: nouns for people, and what ends the noun phrase they stand in."""

from __future__ import annotations

import re

from simulator.population.quality.person_words import THINGS

__all__ = ["head_phrase", "names_person"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PEOPLE = _words(
    """
    acquaintance acrobat adult advocate agent aide alchemist ally amateur ambassador analyst apprentice archaeologist
    aristocrat artisan associate athlete aunt baby bachelor bard barista boss boy bride brother bureaucrat candidate
    captain caretaker celebrity champion chap chef chemist chief child citizen clerk coach colleague companion comrade
    confidant confidante contact cook cop councillor counsel counsellor cousin craftsman crew critic custodian cyclist
    dad daughter delegate deputy detective diplomat diva doctor elder elderly enthusiast executive expert fan father
    fellow fiance fiancé fiancée fisherman flatmate foe friend geek genius girl godfather godmother graduate
    grandchild granddaughter grandfather grandma grandmother grandpa grandparent grandson groom guard guide guru guy
    head heir herbalist hero host hostess human husband individual infant inmate insider intern invalid judge juggler
    junior kid kin king lad lady landlady landlord lass laureate lawyer lead leader legend loner maestro magician
    magistrate magnate maid man marine mate men mentor midwife monk mother mum musicologist nanny narrator native
    neighbor neighbour nephew nerd newcomer niece novice nun nurse officer official operative opponent orphan outsider
    parent partner patient pensioner people person physician pilot poet poor postman prefect priest principal prodigy
    professional prostitute pupil queen recluse recruit relative representative resident retiree rival roommate sailor
    scribe self senior servant shepherd sibling sir sister smith soldier somebody someone son specialist spouse
    stepfather stepmother steward student subordinate successor surgeon survivor tailor technician teen teenager
    tenant therapist tutor twin tycoon uncle vet veteran veterinarian vicar victim villager virtuoso volunteer widow
    widower wife witness wizard woman women youngster youth
    """
)
_ENDINGS = re.compile(
    r"(?:[bcdfghklmnpqrstvwxyz]er|yer|eer|oer|uer|ier|(?:at|ct|it|ut|ss|ns|ll|dit|ni|y)or|ist|ician|arian|[a-z]ian|"
    r"[^aeiou]ant|dent|ient|man|woman|person|folk|herd|wright|smith|maid|monger|keeper|mate|ee|eur|euse|ess|path|"
    r"crat|naut|phile|logue|maker|hand|boy|girl|in-law|mother|father|sister|brother|son|daughter|cousin)$"
)
_NOT_PEOPLE = _words(
    """
    accent access accident address advent after afternoon agreement air altar amber anger answer ant antler background
    badger banner barrier beaver beer blister border bother brazilian brilliant brochure business butter canadian
    cancer career cellar chamber chapter chatter cider clever cluster coffee committee comparison computer congress
    consent constant container content conveyor corner corridor counter cover current danger darkness degree desert
    diameter dinner disaster distant distinguished document dollar dominant door drawer dress eager egyptian
    elderberry elegant elephant elevator elixir employment error ever express exterior factor favor fee fever fiber
    filter finger fire fitness flavor floor flower former fragrant freezer fritter garment gender giant glacier
    glimmer grant guarantee hammer hanger happiness harbor harbour hesitant honor horror hotness hour hover however
    humor humour hungarian hunger illness important incident indian indoor inner instant interior invoice italian jar
    jubilee kindness knee labor labour ladder laser later latter laughter lavender layer leather less lesson letter
    lever liquor liter litter liver locker lower lumber manner matter mattress median medicine mess meter minor mirror
    modern moment monster motor murder neighborhood neighbourhood never newspaper norwegian november number october
    odor order oregano other outer over oyster paper parlor payment pepper piano pier plant plaster pleasant poison
    poster powder power present press prior prison process progress proper quarter radiator rather reason recent
    refrigerator relevant reluctant restaurant rigor river roller rubber rumor russian salmon salon scanner season
    sector sensor september server sever shelter shower sickness significant silent silver skilled slaughter slipper
    smaller sober soccer spider staircase stress stupor success sugar summer super superior supper sweater talent
    tender tent terror theater theatre timber tolerant tour tower tractor trailer transfer tree tremor trigger tumor
    ukrainian under upper vacant vapor vent vibrant vigor vinegar volcano warrant water weakness weather wellness
    whether wilderness winter wonder
    """
)
_HEAD_END = re.compile(
    r"[,;:.!?()]|\b(?:who|whom|whose|which|that|with|without|of|in|on|at|for|from|to|by|near|about|as|after|before|"
    r"into|named|called|known|specializ\w+|specialis\w+|responsible|working|living|looking|trying|using|running|"
    r"writing|dealing|trained|based|born|dedicated|interested|skilled in|is|are|was|has|does|must|can|always|often)\b",
    re.IGNORECASE,
)
_DETERMINER = re.compile(r"^(?:an?|the|this|that|one|my|our|his|her|their|your|some)\s+", re.IGNORECASE)


def head_phrase(text: str) -> str:
    """Return the noun phrase that ``text`` begins with, without its article.

    >>> head_phrase("a retired lock keeper who paints boats")
    'retired lock keeper'
    """
    rest = _DETERMINER.sub("", text.strip())
    end = _HEAD_END.search(rest, 1)
    return (rest[: end.start()] if end else rest).strip()


def names_person(phrase: str) -> bool:
    """Return whether a word of ``phrase`` is an English noun for a person, and the last is not one for a thing.

    >>> names_person("retired lock keeper"), names_person("ferry passenger list")
    (True, False)
    """
    words = [word.strip("'’\"-") for word in phrase.lower().split()]
    if not words or words[-1] in THINGS:
        return False
    return any(_is_person(word) for word in words)


def _is_person(word: str) -> bool:
    part = word.rsplit("-", 1)[-1] if not word.endswith("in-law") else word
    if part in _PEOPLE or word in _PEOPLE:
        return True
    return part not in _NOT_PEOPLE and part not in THINGS and bool(_ENDINGS.search(part)) and len(part) > 3
