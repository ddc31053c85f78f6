"""People by terminal, and the start of each process."""
