"""Machines in: listen, keep, read, hand over; what is unclear waits in quarantine."""
