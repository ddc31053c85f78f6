"""How content is sealed: key tree, envelopes, letterbox, tokens, the keyring."""
