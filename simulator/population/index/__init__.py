"""The index of the admitted personas by vector: Chroma in a folder, or memory without one."""
