"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A slow machine is no failure: no test here is about time.
settings.register_profile("sixhop", deadline=None)
settings.load_profile("sixhop")
