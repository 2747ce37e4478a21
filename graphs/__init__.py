"""The LangGraph state machines: production, role and conversation."""
