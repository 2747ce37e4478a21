"""Pure data: what is stored, sent and emitted."""
