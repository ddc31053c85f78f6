"""Old systems in: profile, map, rehearse, load, reconcile, cut over, erase. Nothing is read without a mandate."""
