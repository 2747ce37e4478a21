"""The population: admission with verified deduplication, the relationship graph, sampling and quality."""
