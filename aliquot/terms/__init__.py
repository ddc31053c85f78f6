"""What words mean: quantities, codes, identifiers, states, times, the two error families."""
