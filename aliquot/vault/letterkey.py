"""The key of the letterbox: the private half, which only custody holds."""

from typing import final

from cryptography.exceptions import InvalidTag

from aliquot.vault import letterbox
from aliquot.vault.errors import Unopenable
from aliquot.vault.letterbox import Letter
from aliquot.vault.slotkey import SlotSecret


@final
class LetterKey(SlotSecret):
    """Opens letters that were sealed to its public half."""

    __slots__ = ()

    def open(self, letter: Letter) -> bytes:
        """The message in a letter whose signature was verified.

        Raises:
            Unopenable: sealed to another key, in another envelope, or altered.
        """
        if letter.sealed[:1] != letterbox.VERSION:
            raise Unopenable("letter: not in format 1")
        try:
            content = self.decrypt(letter.sealed[1:], letterbox.info(letter.envelope))
        except InvalidTag:
            raise Unopenable("letter: does not open in this envelope") from None
        (length,) = letterbox.LENGTH.unpack_from(content)
        if letterbox.LENGTH.size + length > len(content):
            raise Unopenable("letter: sealed against its own format")
        return content[letterbox.LENGTH.size : letterbox.LENGTH.size + length]
