"""The parts of the conversation machine: its state, its nodes, and when a conversation ends."""
