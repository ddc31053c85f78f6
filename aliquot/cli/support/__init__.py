"""`aliquot support`: what helps a programmer find a fault, and tells nothing about anybody."""
