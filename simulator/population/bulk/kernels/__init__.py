"""The compiled loops of bulk deduplication. Importing one of them needs numba, an optional dependency."""
