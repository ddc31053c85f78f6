"""How old systems are written: one reader each, all of them streams. Only `legacy.reading` opens them."""
