"""The composition root and the Python API.

>>> from simulator.assembly import load_scenario, open_run, simulate_sync

Whatever asks a model is a coroutine: ``simulate`` and ``resume`` give a :class:`Run`, ``retry`` does again what failed,
``fork`` holds a conversation again, ``plan`` says what a scenario would take. :class:`Overrides` says what is to be
otherwise than in the scenario, :class:`Limits` bounds the probe of a plan, :class:`Stop` stops a run from outside, and
:class:`Settings` is the environment.
"""

from simulator.assembly.fork import Branch, fork
from simulator.assembly.plan import Plan, plan, plan_sync
from simulator.assembly.retrying import Retried, failed_units, retry
from simulator.assembly.run import Run, open_run
from simulator.assembly.simulate import Overrides, resume, simulate, simulate_sync
from simulator.assembly.testing import assert_scenario
from simulator.runs.stop import Limits, Stop
from simulator.scenario.load import load_scenario
from simulator.settings import Settings

__all__ = [
    "Branch",
    "Limits",
    "Overrides",
    "Plan",
    "Retried",
    "Run",
    "Settings",
    "Stop",
    "assert_scenario",
    "failed_units",
    "fork",
    "load_scenario",
    "open_run",
    "plan",
    "plan_sync",
    "resume",
    "retry",
    "simulate",
    "simulate_sync",
]
