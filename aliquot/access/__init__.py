"""The one door to clinical content: acts, grants, enter, note, survey, settlement."""
