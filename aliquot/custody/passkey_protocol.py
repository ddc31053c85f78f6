"""What a person may ask the custodian about their own passkeys, once they have some."""

from datetime import datetime

from aliquot.custody.frames import Message, Number, Part


class ListPasskeys(Message, frozen=True):
    """The passkeys of the person of this session. Answer: `PasskeysListed`."""

    ticket: bytes


class PasskeyKept(Part, frozen=True):
    """One passkey: the name that its owner gave it, since when, and when it signed last, if it ever did."""

    id: int
    name: str
    enrolled_at: datetime
    used_at: datetime | None


class PasskeysListed(Message, frozen=True):
    """In the order in which they were enrolled."""

    passkeys: tuple[PasskeyKept, ...]


class EndPasskeyOptions(Message, frozen=True):
    """What a passkey must sign to confirm that this one ends. Answer: `PasskeyOptions`."""

    ticket: bytes
    passkey: Number


class EndPasskey(Message, frozen=True):
    """End one of one's own passkeys, with a fresh factor: a code, or a passkey's answer to the above. Answer: `Done`.

    Whoever was signed in with a passkey of this person is signed out, apart from the session that asks.
    """

    ticket: bytes
    passkey: Number
    code: str = ""
    handle: bytes = b""
    response: str = ""
