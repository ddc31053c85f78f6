"""The key of the letterbox: the private half, which only custody holds."""

import os
from typing import NoReturn, Self, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from aliquot.terms.errors import Broken
from aliquot.vault import letterbox
from aliquot.vault.errors import Unopenable
from aliquot.vault.letterbox import Letter, SlotKey

_SEED_BYTES = 64
_PRIVATE_BYTES = 96


@final
class LetterKey:
    """Opens what was sealed to its public half. It cannot be printed or pickled."""

    __slots__ = ("_mlkem", "_pair", "_x25519")

    def __init__(self, material: bytes) -> None:
        """From the 96 bytes of `reveal`: the ML-KEM-768 seed (64), then the X25519 key (32).

        Raises:
            Broken: the length is another.
        """
        if len(material) != _PRIVATE_BYTES:
            raise Broken("letter key: has the wrong length")
        self._mlkem = MLKEM768PrivateKey.from_seed_bytes(material[:_SEED_BYTES])
        self._x25519 = X25519PrivateKey.from_private_bytes(material[_SEED_BYTES:])
        self._pair = hpke.MLKEM768X25519PrivateKey(self._mlkem, self._x25519)

    @classmethod
    def generate(cls) -> Self:
        """A new letterbox key."""
        return cls(os.urandom(_PRIVATE_BYTES))

    def reveal(self) -> bytes:
        """The 96 bytes themselves, to be wrapped by a key store and nothing else."""
        return self._mlkem.private_bytes_raw() + self._x25519.private_bytes_raw()

    def slot(self) -> SlotKey:
        """The public half, for listeners."""
        mlkem = self._mlkem.public_key().public_bytes_raw()
        return SlotKey(mlkem + self._x25519.public_key().public_bytes_raw())

    def open(self, letter: Letter) -> bytes:
        """The message in a letter whose signature was verified.

        Raises:
            Unopenable: sealed to another key, in another envelope, or altered.
        """
        if letter.sealed[:1] != letterbox.VERSION:
            raise Unopenable("letter: not in format 1")
        try:
            content = letterbox.SUITE.decrypt(letter.sealed[1:], self._pair, letterbox.info(letter.envelope))
        except InvalidTag:
            raise Unopenable("letter: does not open in this envelope") from None
        (length,) = letterbox.LENGTH.unpack_from(content)
        if letterbox.LENGTH.size + length > len(content):
            raise Unopenable("letter: sealed against its own format")
        return content[letterbox.LENGTH.size : letterbox.LENGTH.size + length]

    def __repr__(self) -> str:
        return "LetterKey(sealed)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("LetterKey does not leave its process")
