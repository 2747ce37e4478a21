"""Tool definitions at work: their schemas checked, what nobody said derived, the set of them, and calls simulated."""
