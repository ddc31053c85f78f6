"""What `aliquot doctor` may ask the custodian without a session: nothing of it is about any patient."""

from datetime import datetime
from typing import Annotated

from aliquot.custody.frames import Code, Few, Id, Message, Part


class AskLetters(Message, frozen=True):
    """Do letters reach the worker whole? `peers` are the names that letters bear. Answer: `LettersTold`."""

    listener: Id
    peers: Annotated[tuple[Code, ...], Few]


class Rung(Part, frozen=True):
    """Alarms of one kind that nobody has acknowledged."""

    kind: str
    count: int
    since: datetime


class LettersTold(Message, frozen=True):
    """`next` is the number that the listener's next letter should have; `strangers` bear the name of no device."""

    next: int
    strangers: tuple[str, ...]
    rung: tuple[Rung, ...]
