"""The admitted personas and the relationship graph between them."""
