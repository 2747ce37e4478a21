"""The one door to embedding models."""
