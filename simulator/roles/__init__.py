"""One file per role: what a language model is asked to do, and the checks on what it did."""
