"""How history becomes tamper-evident: entry, tree, tiles, checkpoint, proof; verifiable alone."""
