"""Leave to run code that a model wrote: the scenario asks for it, and whoever starts the run gives it."""

from __future__ import annotations

from simulator.errors import ScenarioError
from simulator.scenario.schema import Scenario
from simulator.tools.code_run import RefusedError, run_calls

__all__ = ["check_consent"]

_PROBE = "def probe():\n    return {}\n"


async def check_consent(scenario: Scenario, *, allowed: bool) -> None:
    """Check that the code which a scenario asks for may and can be run, before anything is paid for.

    Raises:
        ScenarioError: Nobody allowed it, or this machine does not give the limits that it runs within.
    """
    if scenario.coded is None:
        return
    if not allowed:
        raise ScenarioError(
            f"the scenario {scenario.name!r} has 'tools.code': code that a model writes would be run on this machine, "
            f"shut in. Allow it with --allow-code, or take 'code' out"
        )
    try:
        await run_calls(_PROBE, "probe", [{}])
    except RefusedError as error:
        raise ScenarioError(f"'tools.code' cannot be had here: {error}. Take 'code' out of 'tools'") from error
