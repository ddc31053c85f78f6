"""The private half of a slot: what was sealed to its public half opens with it, and it never leaves custody."""

import os
from typing import NoReturn, Self

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from aliquot.terms.errors import Broken
from aliquot.vault import letterbox
from aliquot.vault.letterbox import SlotKey

_SEED_BYTES = 64
_PRIVATE_BYTES = 96


class SlotSecret:
    """A pair of ML-KEM-768 and X25519 keys. It cannot be printed or pickled."""

    __slots__ = ("_mlkem", "_pair", "_x25519")

    def __init__(self, material: bytes) -> None:
        """From the 96 bytes of `reveal`: the ML-KEM-768 seed (64), then the X25519 key (32).

        Raises:
            Broken: the length is another.
        """
        if len(material) != _PRIVATE_BYTES:
            raise Broken(f"{type(self).__name__}: has the wrong length")
        self._mlkem = MLKEM768PrivateKey.from_seed_bytes(material[:_SEED_BYTES])
        self._x25519 = X25519PrivateKey.from_private_bytes(material[_SEED_BYTES:])
        self._pair = hpke.MLKEM768X25519PrivateKey(self._mlkem, self._x25519)

    @classmethod
    def generate(cls) -> Self:
        """A new pair."""
        return cls(os.urandom(_PRIVATE_BYTES))

    def reveal(self) -> bytes:
        """The 96 bytes themselves, to be wrapped or sealed and nothing else."""
        return self._mlkem.private_bytes_raw() + self._x25519.private_bytes_raw()

    def slot(self) -> SlotKey:
        """The public half."""
        mlkem = self._mlkem.public_key().public_bytes_raw()
        return SlotKey(mlkem + self._x25519.public_key().public_bytes_raw())

    def decrypt(self, sealed: bytes, info: bytes) -> bytes:
        """What was sealed to the public half and bound to `info`. Raises as `hpke`: `InvalidTag`."""
        return letterbox.SUITE.decrypt(sealed, self._pair, info)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(sealed)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} does not leave its process")
