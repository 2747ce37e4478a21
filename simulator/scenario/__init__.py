"""Scenario files: what to simulate."""
