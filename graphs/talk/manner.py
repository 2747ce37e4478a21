"""Whether a persona kept to its behaviours, as far as rules can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from simulator.models.conversation import ConversationInputs, Turn, Verdict
from simulator.models.situation import Behaviour
from simulator.population.tokens import word_list

__all__ = ["manner_by_rule"]


def manner_by_rule(inputs: ConversationInputs, turns: Sequence[Turn]) -> Iterator[Verdict]:
    """Yield a verdict for each behaviour that has a rule, on the turns that the persona made up itself."""
    given = max(len(inputs.lines), sum(turn.role == "user" for turn in inputs.transcript))
    said = [turn.content for turn in turns if turn.role == "user"][given:]
    for one in inputs.behaviours if said else ():
        if one.most_words is not None or one.marks:
            yield _verdict(one, said)


def _verdict(behaviour: Behaviour, said: Sequence[str]) -> Verdict:
    most = behaviour.most_words
    long = next((text for text in said if most is not None and len(word_list(text)) > most), None)
    if long is not None:
        evidence = f"{len(word_list(long))} words, at most {most}: {long}"
        return Verdict(name=behaviour.name, holds=False, by="rule", evidence=evidence)
    if not behaviour.marks:
        return Verdict(name=behaviour.name, holds=True, by="rule", evidence=f"no turn above {most} words")
    found = (re.search(mark, text, re.IGNORECASE) for text in said for mark in behaviour.marks)
    shown = next((match for match in found if match), None)
    evidence = shown.group() if shown else "no turn shows it"
    return Verdict(name=behaviour.name, holds=shown is not None, by="rule", evidence=evidence)
