"""Every fault of the catalogue at every role: what must come of it comes of it, and nothing hangs."""

from __future__ import annotations

from collections import Counter

import pytest
from fault_cases import ATTEMPTS, FAULTS, ROLE_NAMES, Played, play

from simulator.llm.fakes.catalogue import CUT_MARK, NamedFault
from simulator.prompts.template import load_prompt


def test_the_catalogue_is_large_and_covers_every_kind_and_outcome() -> None:
    assert len(FAULTS) >= 50
    assert len(Counter(one.kind for one in FAULTS.values())) == 11
    assert len(Counter(one.expected for one in FAULTS.values())) == 5


@pytest.mark.parametrize("role", ROLE_NAMES)
@pytest.mark.parametrize("name", FAULTS)
def test_what_must_come_of_a_fault_comes_of_it(name: str, role: str) -> None:
    fault = FAULTS[name]
    stays = play(role, fault, stays=True)
    assert (stays.result is None) != (stays.error is None)
    assert stays.clock_s < 300, "one deadline for all attempts"
    _judge_product(fault, stays)
    plain = load_prompt(role).head.ask in ("text", "call")
    _judge_stays(fault, stays, plain, role)
    _judge_once(fault, play(role, fault, stays=False), plain)


def _judge_once(fault: NamedFault, played: Played, plain: bool) -> None:
    """A fault that passes costs what it has to and no product."""
    if fault.expected == "failed":
        assert played.error is not None
        assert played.asked == played.error.attempts == 1
        assert played.error.hopeless == fault.hopeless
        return
    assert played.result is not None, played.error
    assert played.result.value is not None, played.result.failure
    if fault.expected in ("retried", "redrawn") and not (plain and fault.json_only):
        assert played.asked >= 2


def _judge_stays(fault: NamedFault, played: Played, plain: bool, role: str) -> None:
    """A fault that stays ends in the failure that it must end in, within the attempts and with what came."""
    if fault.expected == "retried" and played.error is not None:
        assert played.asked == played.error.attempts == ATTEMPTS
        assert played.error.role == role
        assert (fault.fault.body or b"").decode() == played.error.raw or not fault.fault.body
    elif fault.expected in ("retried", "redrawn") and not (plain and fault.json_only):
        assert played.result is not None
        failure = played.result.failure
        assert failure is not None
        assert (failure.role, failure.stage) == (role, "test")
        assert failure.attempts >= 2
        assert failure.message
    elif fault.expected in ("repaired", "product"):
        assert played.result is not None


def _judge_product(fault: NamedFault, played: Played) -> None:
    """What was cut or refused is nowhere in what a unit made."""
    if fault.kind in ("cut", "refused", "connection") or fault.name == "two choices":
        assert played.result is None or played.result.value is None or CUT_MARK not in str(played.result.value)
    if fault.kind in ("cut", "refused") and played.result is not None:
        assert played.result.value is None
        assert played.result.failure is not None
        assert played.result.failure.raw
