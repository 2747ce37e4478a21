"""Names in texts, and whether there is what they name."""
