"""How HL7 v2 is written and read: characters, separators, segments, times, envelopes. What a result means is not."""
