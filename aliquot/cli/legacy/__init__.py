"""`aliquot legacy`: a laboratory moves in from an old system, word by word."""
