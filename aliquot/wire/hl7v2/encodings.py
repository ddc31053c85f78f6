"""How one message is written: its separators, its escape character and its character set."""

import string
from typing import Final

import msgspec

from aliquot.terms.errors import Unclear

_SEPARATORS: Final = frozenset(string.punctuation) - {'"'}
_LEAST: Final = 2
_MOST: Final = 5


class Encoding(msgspec.Struct, frozen=True):
    """What MSH-1, MSH-2 and MSH-18 establish; a character that the message leaves out is empty.

    `codec` is Python's name of the character set.
    """

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""
    codec: str = "utf-8"

    @property
    def characters(self) -> str:
        """MSH-2, as this message writes it."""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation


STANDARD: Final = Encoding()
"""The recommended characters, in UTF-8."""


def read(field: str, characters: str, codec: str) -> Encoding:
    """The encoding that MSH-1 and MSH-2 declare.

    Senders that write their configuration in a programming language double the escape character; that is read as one.

    Raises:
        Unclear: a separator is missing, is a letter or digit, or stands for two things.
    """
    if len(characters) == _MOST and characters[2] == characters[3]:
        characters = characters[:3] + characters[4:]
    everything = field + characters
    if not _LEAST <= len(characters) <= _MOST:
        raise Unclear("MSH-2", "not two to five encoding characters")
    if not _SEPARATORS.issuperset(everything):
        raise Unclear("MSH-2", "an encoding character is not a sign of ASCII")
    if len(set(everything)) < len(everything):
        raise Unclear("MSH-2", "one encoding character stands for two things")
    component, repetition, escape, subcomponent, truncation = [*characters, "", "", ""][:_MOST]
    return Encoding(field, component, repetition, escape, subcomponent, truncation, codec)
