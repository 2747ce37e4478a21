"""Unit vectors: kept row by row, folded, grouped."""
