"""What other programs load: one file per format family."""
