"""The record of a run and the pool that does its work. Knows no LangGraph and no YAML."""
