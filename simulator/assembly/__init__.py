"""The composition root and the Python API.

>>> from simulator.assembly import load_scenario, open_run, simulate_sync
"""

from simulator.assembly.run import Run, open_run
from simulator.assembly.simulate import Overrides, simulate, simulate_sync
from simulator.assembly.testing import assert_scenario
from simulator.scenario.load import load_scenario

__all__ = ["Overrides", "Run", "assert_scenario", "load_scenario", "open_run", "simulate", "simulate_sync"]
