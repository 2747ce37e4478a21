"""The web page over a run, read-only."""
