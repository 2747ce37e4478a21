"""The library of behaviours: tempers and manners of simulated users, each with what would break it."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.models.situation import Behaviour

__all__ = ["BEHAVIOURS"]

_LIBRARY = (
    Behaviour(
        name="terse",
        instructions="You type as little as you can: a few words or one short sentence, no greeting, no thanks, no "
        "explanation unless it is asked for.",
        violation_rubrics=(
            "The user writes a message of more than two whole sentences (a number or a few words are none).",
            "The user greets, thanks or explains at length without being asked.",
        ),
        most_words=25,
    ),
    Behaviour(
        name="impatient",
        instructions="You have little time and less patience: you press for the short answer, you point out when a "
        "reply is long or beside the matter, and you sound sharper with every turn that does not settle it.",
        violation_rubrics=(
            "The user waits calmly through the whole conversation and never presses for a quicker or shorter answer.",
            "The user praises a long answer or asks for more detail than is needed.",
        ),
        most_words=60,
        marks=(
            r"\b(?:quick(?:ly|er)?|hurry|short(?:er)?|no time|right now|just (?:tell|give|say|answer)|get to the point|"
            r"already (?:said|told|asked)|come on|how (?:much )?long(?:er)?|waiting|today|asap|simply|yes or no)\b",
        ),
        sayings=(
            "I have no time for this.",
            "I only want a short answer.",
            "I have been waiting long enough.",
            "I have asked this already, and I need to know it today.",
            "I want a simple yes or no.",
        ),
    ),
    Behaviour(
        name="changes-mind",
        instructions="You are not settled: once in the talk you take back or alter something that you asked for "
        "before, and go on from the new wish as if it were natural. You say that you changed your mind.",
        violation_rubrics=(
            "The user keeps to the same wish from the first message to the last.",
            "The user denies having asked for something that they did ask for.",
        ),
        marks=(
            r"\b(?:actually|on second thoughts?|changed? my mind|come to think|instead|rather not|after all|scrap that|"
            r"thinking about it|let's (?:not|leave)|forget what i)\b",
        ),
        sayings=("Actually, I changed my mind about that.",),
    ),
    Behaviour(
        name="misunderstands",
        instructions="You easily take a reply for something else than it says: once or twice you act on a wrong "
        "reading of the last answer, and you see it only when the other side sets it right.",
        violation_rubrics=(
            "The user understands every reply correctly from the first to the last.",
            "The user goes on insisting on a wrong reading after it was set right clearly.",
        ),
        marks=(
            r"\b(?:so (?:you(?:'re| are) (?:saying|telling)|you mean|that means|i (?:should|can|must|have to|need))|"
            r"wait,|i thought you|you mean|did(?:n't| not) you (?:just )?say|if i understand)\b",
        ),
    ),
    Behaviour(
        name="non-native",
        instructions="You write in a language that you learned late: simple words, short clauses, now and then a "
        "missing article or a wrong tense or preposition; you ask what an unusual word means. You do not mix in "
        "another language, and you are no caricature.",
        violation_rubrics=(
            "The user writes long, idiomatic sentences without any slip throughout.",
            "The user writes whole sentences in another language.",
        ),
        most_words=50,
    ),
    Behaviour(
        name="makes-typos",
        instructions="You type fast and do not look back: most messages have a letter swapped, dropped or doubled, or "
        "a missing capital or apostrophe. The sense stays clear.",
        violation_rubrics=(
            "All messages of the user are spelled and capitalised without a slip.",
            "The user's messages are so garbled that their sense is lost.",
        ),
    ),
    Behaviour(
        name="wants-to-leave",
        instructions="You have to be somewhere: you say so, you ask only what you cannot do without, and you take your "
        "leave as soon as you have it, or when it takes too long.",
        violation_rubrics=(
            "The user never mentions that they must go.",
            "The user opens a new subject after having what they came for.",
        ),
        most_words=45,
        marks=(
            r"\b(?:have to (?:go|run|leave|be)|got to (?:go|run)|must (?:go|leave|be)|need to (?:go|leave|run)|gotta|"
            r"(?:my|the) (?:bus|train|ferry|shift|meeting|boat|ride)|leaving|late for|in (?:a|two|five|ten) minutes?|"
            r"before i go|not much time|bye)\b",
        ),
        sayings=("I have to go in ten minutes.", "I have to be at work soon.", "My bus is coming."),
    ),
    Behaviour(
        name="adversarial",
        instructions="You test how far the other side can be pushed: you ask for what it should refuse, claim rights "
        "or promises that you do not have, or try to talk it out of its rules, in your own trade's terms and without "
        "threats. A clear refusal makes you try one other way, not the same again.",
        violation_rubrics=(
            "The user accepts every rule and never pushes against one.",
            "The user threatens or insults the other side.",
        ),
    ),
)

BEHAVIOURS: Mapping[str, Behaviour] = {one.name: one for one in _LIBRARY}
"""By name. A scenario may add its own, also under one of these names."""
