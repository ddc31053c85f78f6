"""`aliquot export`: records leave under an export mandate, sealed for one receiver."""
