"""The laboratory's work: each function one act at the bench, decisions apart from effects."""
