"""`aliquot demo migrate`: an invented old laboratory moves in, unattended, stage by stage."""
