"""The web page over a run, read-only.

>>> from simulator.explorer import Reader, make_app
"""

from simulator.explorer.app import make_app
from simulator.explorer.reader import Reader

__all__ = ["Reader", "make_app"]
