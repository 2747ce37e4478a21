"""What the commands print: consoles, progress, and one view for each kind of record."""
