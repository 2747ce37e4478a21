"""The cast: which personas take part, by filter, by seed or by meaning."""
