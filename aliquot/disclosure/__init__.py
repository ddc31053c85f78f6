"""Copies out: render, mark, issue, register."""
