"""The stages of a production: one file each. A stage makes units, and says what follows from their results."""
