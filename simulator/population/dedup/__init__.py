"""Deduplication in order, each duplicate verified: exact, then MinHash, then embedding."""
