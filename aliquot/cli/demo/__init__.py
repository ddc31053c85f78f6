"""What the demonstration is made of: a catalogue, synthetic people, plausible results. Nobody in it exists."""
