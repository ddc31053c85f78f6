"""What sealing can answer when it does not answer with content. No message carries any."""

from aliquot.terms.errors import Broken, Refused


class Unopenable(Broken):
    """Something sealed does not open here: altered, moved to another place, or sealed under another key."""


class KeyExhausted(Refused):
    """A patient's key has sealed as much as it may; the caller makes the patient's next key and seals under that."""


class WrongPassphrase(Refused):
    """The passphrase does not open this file of keys, or the file was altered: the two cannot be told apart."""


class WeakKeyring(Refused):
    """A file of keys says that it was locked more cheaply than this house accepts, or at one that no machine pays."""


class Forged(Refused):
    """A letter does not carry the signature of the listener it names, as numbered, dated and sealed."""
