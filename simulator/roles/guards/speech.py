"""Detectors of a speaker who falls out of the part: reasoning, stage directions, the fourth wall, the prompt itself."""

from __future__ import annotations

import re

from simulator.models.conversation import Label
from simulator.population.tokens import word_list
from simulator.roles.guards.scene import Scene
from simulator.roles.guards.words import bare_words, longest_run, quoted_share, sentences

__all__ = [
    "announces_only",
    "boilerplate",
    "example_copied",
    "fourth_wall",
    "instructions_quoted",
    "leaked_reasoning",
    "stage_direction",
]

_REASONING = re.compile(
    r"</?think|<\|[a-z_]+\|>|\n[ \t]*(?:user|assistant|human|system)\s*:|^\s*[{\[]\s*\"|```"
    r"|^\s*(?:user|assistant|human|persona|system|reply|response|message|me|speaker|thoughts?|thinking|reasoning|analysis|"
    r"plan|draft|output|next (?:turn|message))\s*:"
    r"|\bthe user (?:is|was|wants|asked|asks|has|seems|might|would)\b"
    r"|\b(?:i|we) (?:(?:need|have|want) to|should|must) (?:respond|reply|answer|write|act|speak|talk|stay)"
    r" (?:as|in|like)\b"
    r"|\blet me (?:reason|craft|come up|think (?:step|through|what|how|as|of (?:a|what|how)|about (?:what|how))\b)"
    r"|\bmy (?:next )?(?:message|reply|response|turn|answer) (?:should|must|needs to|has to) (?:show|be|sound|"
    r"say|express)\b"
    r"|\b(?:next|now),? i (?:will |should |must |'ll )?(?:reveal|bring up|disclose)\b"
    r"|\bhere(?:'s| is) (?:my|the|a|an) (?:possible |next |short )?(?:message|reply|response|turn|follow-up)\b",
    re.IGNORECASE,
)
_COMMAND = re.compile(
    r"#{2,}\s*[A-Z_ ]{3,}\s*#{2,}|\[(?:END|STOP|EXIT|DONE|QUIT|TERMINATE)\b[^\]\n]{0,30}\]"
    r"|(?:^|[.!?]\s+)(?:STOP|END|EXIT|DONE|QUIT|TERMINATE|END[ _]OF[ _](?:CONVERSATION|CHAT|TALK))\s*[.!]*\s*$"
)
"""Words for the machinery, such as a stop sign: no person types them, and they end nothing."""

_GESTURE = (
    r"(?:softly |slowly |quietly |nervously |gently )?(?:sigh|smil|laugh|nod|paus|shrug|frown|chuckl|lean|look|clear|"
    r"scratch|think|typ|wink|grin|blush|whisper|giggl|cr(?:y|ie)|wav|glanc|rais|shak|tak)(?:s|es|ed|ing)?\b"
)
_STAGE = re.compile(
    rf"\*{_GESTURE}[^*\n]{{0,60}}\*|\({_GESTURE}[^)\n]{{0,60}}\)|\[{_GESTURE}[^\]\n]{{0,60}}\]", re.IGNORECASE
)
_ACTS = (
    r"(?!(?:yes|perhaps|besides|always|sometimes|thanks|this|is|as|has|was|does|its|us|plus|less|unless|during|nothing|"
    r"something|anything|everything|according|regarding|including|excluding|being|having)\b)"
    r"(?:[a-z]+ly )?[a-z]{2,}(?:s|ing)\b"
)
"""A verb as a narrator has it ("wipes", "grumbling"), as far as its form tells."""

_STAGED = re.compile(
    rf"(?:^|[.!?…]\s+)(?:\*{_ACTS}[^*\n]{{0,60}}\*|\({_ACTS}[^)\n]{{0,60}}\)|\[{_ACTS}[^\]\n]{{0,60}}\])"
    rf"|\*{_ACTS} [^*\n]{{2,60}}\*|\*{_ACTS}[^*\n]{{0,60}}\*\s*$"
)
"""Where a sentence begins, or between asterisks, such a verb tells what somebody does; elsewhere it may be an aside."""

_NARRATED = re.compile(
    r"^(?:he|she|they) \w+s\b[^\"“”]{0,60}[\"“][^\"”]{3,}[\"”]|"
    r"^[\"“][^\"”]{3,}[\"”],? (?:he|she|they|the \w+|says?|said|asks?|asked|replie[sd])\b",
    re.IGNORECASE,
)
_PLAYS = re.compile(
    r"\b(?:my|this|the|a|your|assigned) persona\b|\bas (?:a|the) (?:simulated|fictional)\b"
    r"|\brole[- ]?play(?:s|ed|ing)?\b|\bthis simulation\b"
    r"|\bin this fictional\b|\bmy character (?:would|is|was|wants|has|says|does|needs)\b"
    r"|\bsimulated (?:user|person|conversation)\b|\bstay(?:ing)? in character\b"
    r"|\b(?:character|role) (?:i am|i'm) playing\b"
    r"|\bi(?:'m| am| was) (?:supposed|meant|asked|told) to (?:play|act as|pretend to be) an? (?!(?:role|part)\b)\w+",
    re.IGNORECASE,
)
_MACHINE = re.compile(
    r"\b(?:i am|i'm|as|being) (?:just |only |merely )?an? (?:[a-z]+ ){0,2}(?:ai\b|a\.i\.|artificial intelligence|"
    r"language model|chat ?bot|(?:virtual|artificial|digital) assistant|computer program|robot\b|bot\b|"
    r"computer\b|machine\b)"
    r"|\b(?:the|my|your|this) (?:system )?prompt\b|\bmy (?:training data|knowledge cutoff|programming)\b",
    re.IGNORECASE,
)
_ANNOUNCES = re.compile(
    r"^(?:sure,? |certainly,? |of course,? )?"
    r"(?:here(?:'s| is| are)|(?:let me|i will|i'll) (?:explain|show|walk|give (?:you )?(?:a|an|some|the|my)))\b"
    r"|^(?:below|in the following),? (?:you(?:'ll| will)? (?:find|see)|are|is|there are)\b|"
    r"^the following \w+ (?:are|is|may|can|will)\b"
    r"|^there (?:are|is) (?:a few|some|several|many|various|\w+) (?:\w+ )?(?:steps|ways|options|tips|reasons|"
    r"possibilities|methods)\b"
    r"|\b(?:the following|as follows|(?:these|some|a few) (?:simple |easy |basic )?(?:steps|tips|guidelines))\s*[.:]?$",
    re.IGNORECASE,
)
_ANNOUNCEMENT = 26
"""Words up to which a last sentence that announces something has not delivered it."""

_DELIVERED = 3
"""Words after a colon from which on the announced thing is there."""

_RULE_RUN = 7
_PERSONA_SHARE = 0.7


def leaked_reasoning(turn: str, _scene: Scene) -> Label | None:
    """Find thoughts about the task, speaker tags, chat-template tokens or words of command in a turn."""
    found = _REASONING.search(turn) or _COMMAND.search(turn)
    return Label(detector="leaked_reasoning", evidence=found.group().strip(), severity="error") if found else None


def stage_direction(turn: str, _scene: Scene) -> Label | None:
    """Find gestures between marks, and speech that a narrator reports."""
    found = _STAGE.search(turn) or _STAGED.search(turn) or _NARRATED.search(turn)
    return Label(detector="stage_direction", evidence=found.group()[:120]) if found else None


def fourth_wall(turn: str, scene: Scene) -> Label | None:
    """Find a speaker who talks of being simulated, or a user who is a machine."""
    found = _PLAYS.search(turn) or (_MACHINE.search(turn) if scene.role == "user" else None)
    return Label(detector="fourth_wall", evidence=found.group(), severity="error") if found else None


def boilerplate(turn: str, _scene: Scene) -> Label | None:
    """Find an assistant that speaks of itself instead of the matter ("As an AI ...")."""
    found = _MACHINE.search(turn)
    return Label(detector="boilerplate", evidence=found.group()) if found else None


def announces_only(turn: str, _scene: Scene) -> Label | None:
    """Find an assistant that announces an answer and stops there ("Here is how it works.")."""
    said = sentences(turn)
    if not said or not _ANNOUNCES.search(said[-1]) or len(word_list(said[-1])) > _ANNOUNCEMENT:
        return None
    if len(word_list(said[-1].partition(":")[2])) > _DELIVERED:
        return None
    return Label(detector="announces_only", evidence=said[-1][:120])


def instructions_quoted(turn: str, scene: Scene) -> Label | None:
    """Find a turn that recites the prompt, or the persona's description instead of speaking as the person.

    Seven words in a row are no accident; of the description a speaker uses words, but not most of it in one piece.
    """
    ruled = longest_run(bare_words(turn), bare_words(scene.rules), _RULE_RUN) if scene.rules else ""
    if ruled:
        return Label(detector="instructions_quoted", evidence=ruled, severity="error")
    told = scene.situation.about if scene.own else ""  # who begins tells what happened
    for text in filter(None, (scene.persona, told)):
        least = max(5, round(_PERSONA_SHARE * len(word_list(text))))
        recited = longest_run(turn, text, least)
        if recited:
            return Label(detector="instructions_quoted", evidence=recited)
    return None


def example_copied(turn: str, scene: Scene) -> Label | None:
    """Find a turn taken from an example of the prompt."""
    for example in scene.examples:
        if longest_run(turn, example, 6) or quoted_share(turn, example) >= 0.6:
            return Label(detector="example_copied", evidence=example[:120], severity="error")
    return None
