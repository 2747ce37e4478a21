"""Deduplication of many texts at once, with the answers that deduplication in order gives."""
