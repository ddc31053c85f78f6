"""Invented sources for rehearsals: old laboratory systems with the mess that real ones have, and the truth beside."""
