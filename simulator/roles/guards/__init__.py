"""The guard: detectors that look at one turn of a conversation and say what is wrong with it."""
