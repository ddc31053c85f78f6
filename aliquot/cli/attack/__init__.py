"""`aliquot attack`: what incidents have taught, done to a scratch installation, with the figures that came out."""
