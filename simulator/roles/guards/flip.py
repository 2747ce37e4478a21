"""The detector of a role flip: a user who answers like an assistant, or an assistant who asks like a user."""

from __future__ import annotations

import re

from simulator.models.conversation import Label
from simulator.population.tokens import word_list
from simulator.roles.guards.scene import Scene
from simulator.roles.guards.words import content_words, sentences

__all__ = ["role_flip"]

_OWN_DATA = (
    r" (?:(?:the|my|a|an|its?|their|both|all) )?(?:\w+ ){0,2}(?:numbers?|names?|dates?|address(?:es)?|receipts?|codes?|"
    r"cards?|details?|invoices?|photos?|pictures?|password|answer|truth|story|reason)\b"
)
"""What somebody who wants something has to tell: to offer it is no service."""

_RECORDS = "order|invoice|booking|reservation|claim|ticket|delivery note"
"""Of these each side knows who has them: a customer is asked for theirs."""

_OFFERS = re.compile(
    r"\bhow (?:can|may|could) i (?:help|assist|support) you\b|\bwhat (?:else )?(?:can|could|should) i do (?:next )?"
    r"(?:to help|for) you\b"
    r"|\bi(?:'m| am) here to (?:help|assist|support)\b"
    r"|\b(?:happy|glad|pleased) (?:to|i could) (?:help|assist)\b|\bfeel free to \w+"
    r"|\blet me know (?:if|how|what|which) (?:you|i can)\b|\bi hope (?:this|that) helps\b"
    r"|\banswer(?:ed|s|ing)? your (?:question|inquiry)\b"
    r"|\bwhat(?:'s| is) your (?:problem|question|concern|issue|business|deal|budget)\?"
    rf"|\bwhat(?:'s| is) your (?:\w+ ){{0,2}}(?:number|name|{_RECORDS})\b"
    rf"|\b(?:number|name|date|copy|photo)s? (?:of|on) your (?:{_RECORDS})\b"
    r"|\byour (?:order|invoice|booking|reservation|claim|ticket|account|customer) (?:number|code|id)\b"
    r"|\byour (?:complaint|inquiry|enquiry|concern|request)\b"
    r"|^(?:certainly|absolutely|of course|sure)[,.!] (?:which|what|when|where|how|do|does|did|have|are|is|"
    r"could|would) [^.?!]*"
    r"\byou\b[^.?!]*\?"
    r"|\b(?:process|handle|review|file) your\b|\bi think you(?:'ll| will) (?:see|find|like|enjoy|need|notice)\b"
    r"|\bthe \w+ you(?:'re| are) referring to (?:is|was|has)\b"
    r"|\bthank(?:s| you) for (?:reaching out|asking|your (?:question|inquiry|interest|patience))\b"
    r"|\b(?:great|good|excellent) question\b"
    r"|\bwhat if i (?:help|helped|tell|told|give|gave|show|showed|offer|offered) you\b"
    r"|\b(?:i (?:can|could|will|would be able to) "
    r"(?:(?:certainly|gladly|definitely|surely|happily|absolutely|only) )?|i'll )"
    rf"(?:help|assist|guide|show|provide|offer|give|tell) you\b(?! (?:that|it|this)\b)(?!{_OWN_DATA})"
    r"|\bi can(?:not|'t)? (?:only )?accommodate\b|\bmake sure to (?:get|give|send|bring|provide)\b"
    r"|\b(?:my )?apologies for (?:your|the|any)\b"
    r"|\blet(?:'s| us| me) (?:get|help|walk|guide|show) you\b"
    r"|\bwhat you(?:'re| are) looking for\b|\byou(?:'re| are) (?:in luck|lucky to)\b"
    r"|\bis that something you(?:'ve|'d| have| would| might)\b"
    r"|\byour (?:account|purchase)\b|\b(?:track|find|share|to) your location\b"
    r"|\bhere (?:is|are|'s) (?:a|an|some|the|my|your|three|four|five|\d+)\b[^.?!]{0,40}"
    r"\b(?:steps?|tips?|ways?|ideas?|examples?|lists?|guides?|recipes?|plans?|answers?|suggestions?|instructions?)\b"
    r"|\b(?:as|i am|i'm) an? (?:ai|artificial|digital|virtual|helpful)\b"
    r"|\bare you looking (?:for|to)\b|\bwould you like (?:me|to)\b"
    r"|\b(?:can|may|could|should|shall) i (?:help|assist|suggest|recommend)\b"
    rf"|\b(?:can|may|could|should|shall) i (?:show|tell|offer|give|get|bring|find|make) you\b(?! to\b)(?!{_OWN_DATA})"
    r"|\bdo you have (?:any|a|an|the|enough|some|more) (?:question|experience|specific|other|preference|concern)s?\b"
    r"|\b(?:i|we)(?:'m| am|'re| are) sorry (?:for|to hear about) your\b|\bi apologi[sz]e for\b"
    r"|\bsorry (?:for|about) (?:the|any|this) (?:inconvenience|delay|trouble|confusion|wait|mistake|error)\b"
    r"|\bplease (?:provide|enter|share|confirm|give me|send me|tell me) your\b"
    r"|\b(?:i|we)(?:'ll| will| can) (?:look into|look up|check|find|arrange|process|issue|forward|transfer)\b"
    r"[^.?!]{0,60}\b(?:for you|your)\b",
    re.IGNORECASE,
)
"""What those say who serve; a person who wants something does not."""

_LIST_LINE = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+\S", re.MULTILINE)
_ADVISES = re.compile(r"\bi(?:'d| would)? (?:recommend|suggest|advise)\b", re.IGNORECASE)
_EXPLAINS = re.compile(
    r"\b(?:usually|normally|typically|generally|in general|tends? to|(?:it|that|this) is (?:quite )?(?:normal|common|"
    r"important|best|recommended)|(?:it|that) depends on|that(?:'s| is) (?:just )?a (?:simple|common|normal|good|"
    r"easy) (?:trick|way|"
    r"method|phenomenon|practice))\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:i|me|my|mine|we|us|our|ours)\b", re.IGNORECASE)
_LECTURE = 10
"""Words from which on a turn that explains, asks nothing and has no "I" in it is a lecture."""

_ADVICE = re.compile(
    r"^(?:yes,? |no,? |then |first,? |well,? |so,? |also,? )?(?:you|one)(?:'ll| will)?(?: just| only)? "
    r"(?:can|could|should|may|might|must(?! have\b)|need to|have to|'d better)\b"
    r"(?! be (?:joking|kidding|mad|wrong|right|sure|mistaken|ashamed|able)\b)"
    r"|^(?:that|this) means (?:that )?you (?:can|need|have)\b|\bwhich means (?:that )?you\b"
    r"|\byou(?:'re| are)(?: only| not)? allowed to\b|^you(?:'ve| have) got (?:a|an|\w+ (?:days?|hours?|weeks?))\b"
    r"|\bif you (?:need|want|have|are|would like)\b[^.?!]*, (?:just |then )?(?:give|try|use|put|make sure|you can|"
    r"you should)\b"
    r"|^(?:no,? |well,? |yes,? )?it(?:'s| is) (?:better|best|important|recommended|advisable) (?:to|that you|if you)\b"
    r"|(?:^|[,;] |but |and )(?:just )?make sure\b(?! i\b| we\b| my\b| you\b)"
    r"|^(?:be sure|remember|try|consider|start by|avoid|ensure)\b(?! i\b| we\b| my\b)",
    re.IGNORECASE,
)
_DOES = re.compile(
    r"^(?:then |first,? |next,? |just |simply )?(?:turn|slice|cut|put|place|hang|dry|wash|rinse|boil|heat|mix|"
    r"stir|add|use|"
    r"apply|store|cover|spread|tighten|loosen|remove|lift|wipe|brush|fill|soak|press|clean|check|keep|let it|"
    r"let them|let him|"
    r"leave it|leave them)\b",
    re.IGNORECASE,
)
"""How somebody begins who tells another what to do with their things."""

_ADVISES_BETWEEN = re.compile(
    r"\b(?:but|and|so) you can (?:just |also )?(?:use|try|apply|add|mix|wash|wipe|remove|fill|dab|rinse|buy|"
    r"place|put)\b",
    re.IGNORECASE,
)
_SORRY = re.compile(r"\b(?:(?:i|we)(?:'m| am|'re| are) )?sorry (?:about|for) (?:the|your) (\w+)", re.IGNORECASE)
"""Of a thing that the other side spoke of, whoever serves is sorry."""

_YOU_DID = re.compile(r"\byou (?:have |\w+ly )?(?:\w+ed|sold|sent|gave|made|lost|broke|took|put|told)\b", re.IGNORECASE)
_MY = re.compile(r"\bmy (?:\w+ )??(\w{4,})", re.IGNORECASE)
_YOURS = re.compile(r"\byour (?:\w+ )?(\w+)", re.IGNORECASE)
_STAFF = re.compile(
    r"\bour ((?:customer )?(?:drivers?|team|staff|workshop|technicians?|colleagues?|counter|warehouse|service|courier|"
    r"agents?|support|store|reception))\b",
    re.IGNORECASE,
)
_SHOP = re.compile(
    r"\b(?:we have (?:a (?:\w+ )?(?:variety|lot|range|number|selection) of|many|"
    r"several) (?:\w+ )?(?:customers|clients|services|"
    r"products|options|offers)|i (?:only )?have (?:only )?(?:an?|one) (?:\w+ )?(?:shop|store|business|counter|"
    r"bakery))\b",
    re.IGNORECASE,
)
_WHENEVER = re.compile(
    r"\b(?:when|before|after|if|once|until|while|whenever|so that) you (?!\w+ed\b)\w+", re.IGNORECASE
)
"""Of what a reader does, whoever advises speaks like this; of what the other side did, whoever complains."""

_GRANTS = re.compile(
    r"^(?:\w+,? )?you (?:can|could|may|might) (?:just )?(?:keep|have|save|forget|spare|see|hear|ask|read|"
    r"check|guess|imagine|"
    r"find|reach|call|write|send|leave|bring|come|pick|take|drop|charge|cancel|put|give|tell)\b",
    re.IGNORECASE,
)
"""What somebody lets the other side do who wants something of them."""

_HAVE_YOU = re.compile(
    r"\b(?:do you (?:want|need(?! the\b)) (?!(?:my|me|mine|it|this|that|us|our|to (?:see|know|check|look|have|hear))\b"
    r"|the [\w ]{0,30}(?:number|name|date|address|"
    r"receipt|code|card|details?|invoice|photo)s?\b|(?:an?|some|the) (?:\w+ )?(?:picture|photo|copy|scan|"
    r"proof|list)s?\b)|(?:will|would) you (?:want|need)\b"
    r"|(?:do|will|would) you (?:like|own|grow|enjoy)"
    r"|you (?:plan|want|need|hope) to\b[^.!?]*\?"
    r"|have you (?:tried|considered|thought)|are you (?:referring|trying|planning|using))\b",
    re.IGNORECASE,
)
_DO_YOU = re.compile(
    r"\b(?:do|will|would) you (?:use|keep|plan|work|sell|have(?! (?:an?|any|the|some) (?:\w+ )?(?:sources?|recipes?|"
    r"examples?|"
    r"links?|numbers?|tips?|ideas?|lists?|recommendations?|others?|better)\b))\b",
    re.IGNORECASE,
)
"""A customer asks a shop this; who only wants to know something asks nobody what they have or do."""

_FOR_YOU = re.compile(
    r"\b(?:make|create|build|find|get|do|write|bring|offer|prepare|bake|cook|sew|arrange|set up)"
    r"\b[^.?!]{0,30} for you\b|\b(?:shall|should|can|may) i (?:reserve|hold|note|check|look|block|cancel|"
    r"change|move|put)\b"
    r"[^.?!]{0,30} for you\b"
    r"|\bi have (?!(?:\w+ ){0,3}(?:questions?|news|requests?|problem|job|task)\b)[^.?!]{0,40}\bfor you\b"
    r"|\bi think you(?:'d| could| can| would| will| might) (?:use|like|enjoy|love|need|benefit)\b",
    re.IGNORECASE,
)
_SERVED = re.compile(
    r"(?:^|[.!?] )your ((?:\w+ ){1,3})(?:is|are|was|were|has|have|will)\b[^?]*(?:[.!]|$)", re.IGNORECASE
)
_ASKS_FOR_SELF = re.compile(
    r"\b(?:can|could|would|will) you (?:please )?(?:help|advise|teach) me\b"
    r"(?! (?:find|locate|look|check|identify|verify|understand))"
    r"|\bi (?:need|could use|would like) (?:your|some|a bit of) (?:help|advice)\b|"
    r"\bi have the same (?:trouble|problem|issue)\b|\bmy question is\b"
    r"|\bthank(?:s| you) (?:so much |very much )?for (?:the|your) (?:help|advice|answer|tip|explanation|suggestion)s?\b"
    r"|\b(?:how (?:do|can|should)|what should|where (?:do|can)) i (?!help|assist|support|reach|contact|call|"
    r"send|deliver|address|put|note|book|ship)[^.?!]*\?\s*$",
    re.IGNORECASE,
)


def role_flip(turn: str, scene: Scene) -> Label | None:
    """Find a user who answers like an assistant, or an assistant who asks like a user."""
    if scene.role == "assistant":
        found = _ASKS_FOR_SELF.search(turn) or _has_the_same(turn, scene)
        evidence = found.group() if found else None
    else:
        evidence = _serves(turn) or (
            None if scene.among_people else _instructs(turn, scene) or _hands_over(turn, scene)
        )
    return Label(detector="role_flip", evidence=evidence[:120], severity="error") if evidence else None


def _has_the_same(turn: str, scene: Scene) -> re.Match[str] | None:
    """Find an assistant that has what the user has ("My snails do the same.")."""
    theirs = {match[1].lower() for text in scene.other for match in _MY.finditer(text)}
    return next((match for match in _MY.finditer(turn) if match[1].lower() in theirs), None)


def _serves(turn: str) -> str | None:
    found = _OFFERS.search(turn)
    if found:
        return found.group()
    lines = _LIST_LINE.findall(turn)
    return "a list" if len(lines) > 1 else None


def _instructs(turn: str, scene: Scene) -> str | None:
    advises = _ADVISES.search(turn)
    if advises:
        return advises.group()
    explains = _EXPLAINS.search(turn)
    if explains and "?" not in turn and not _FIRST_PERSON.search(turn) and len(word_list(turn)) >= _LECTURE:
        return explains.group()
    said = [sentence for sentence in sentences(turn) if not sentence.endswith("?")]
    wants = bool(scene.situation.goal)
    mine = [one for one in said if not _FIRST_PERSON.search(one)]
    told = (one for one in mine if _ADVICE.search(one) and not (wants and _GRANTS.search(one)))
    between = (one for one in said if _ADVISES_BETWEEN.search(one))
    # Who wants something done says so in the same words ("Grind it again."); who only wants to know does not.
    if wants or "?" in turn:
        return next(told, None) or next(between, None)
    orders = (one for one in mine if _DOES.search(one) or _WHENEVER.search(one))
    return next(told, None) or next(between, None) or next(orders, None)


def _hands_over(turn: str, scene: Scene) -> str | None:
    """Find a user who speaks to the assistant as the one who wants something (``your pigeons``, ``one for you``)."""
    customer = bool(scene.situation.goal)
    asked = _HAVE_YOU.search(turn) or (None if customer else _DO_YOU.search(turn)) or _FOR_YOU.search(turn)
    if asked:
        return asked.group()
    sorry, matter = _SORRY.search(turn), content_words(" ".join((*scene.other[-1:], *scene.own)))
    if sorry and content_words(sorry[1]) & matter:
        return sorry.group()
    situation = scene.situation
    shop = _SHOP.search(turn) if situation.goal else None
    if shop and not content_words(shop[0]) & content_words(scene.persona):
        return shop[0]
    staff, known = _STAFF.search(turn), f"{scene.persona} {situation.about} {situation.goal} {' '.join(scene.own)}"
    if staff and staff[1].lower() not in known.lower():
        return staff.group()
    about = content_words(" ".join((situation.goal, situation.about)))
    served = (match for match in _SERVED.finditer(turn) if content_words(match[1]) & about)
    if told := next(served, None):
        return told.group()
    yours = list(_YOURS.finditer(turn))
    if not yours:
        return None
    own = " ".join(scene.own)
    done = (sentence for sentence in sentences(own) if _YOU_DID.search(sentence))  # "You sold me a torn coat."
    theirs = content_words(" ".join((*(match.group() for match in _YOURS.finditer(own)), *done)))
    mine = content_words(f"{scene.persona} {own}") - theirs
    return next((match.group() for match in yours if content_words(match.group()) & mine), None)
