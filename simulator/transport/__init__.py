"""HTTP with patience: what language model and embedding endpoints have in common."""
