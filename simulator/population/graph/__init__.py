"""The relationship graph: its arrays, its figures, what must hold of it, and the ways to find people in it."""
