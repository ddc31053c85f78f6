"""What the house costs: each figure beside its floor on the same machine, measured on a scratch installation."""
