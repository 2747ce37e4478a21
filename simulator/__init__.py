"""Sixhop: persona-driven, multi-role simulation.

The Python API is in :mod:`simulator.assembly`; this package's top level stays empty so that importing a part of
Sixhop never imports the whole of it.
"""

__version__ = "0.1.0"
