"""Where the roots of the key trees live, and the little that is asked of such a place.

It is asked a few dozen times at a start and at a rotation, so that any token or service that wraps keys will do.
"""

from typing import Final, Protocol

import msgspec

from aliquot.terms.ids import Org

INSTALLATION: Final = Org(bytes(4))
"""The installation itself, which has a root beside those of its organizations."""


class StoreInfo(msgspec.Struct, frozen=True):
    """What a key store says of itself: its kind, and the organizations whose roots it holds."""

    kind: str
    organizations: tuple[Org, ...]


class KeyStore(Protocol):
    """Wraps and unwraps the keys right under a root, which never leaves."""

    def wrap(self, org: Org, secret: bytes, context: bytes) -> bytes:
        """`secret` (a multiple of 8 bytes) as it may be stored; it comes back only for the same `context`.

        Raises:
            Refused: the store holds no root of this organization.
        """

    def unwrap(self, org: Org, wrapped: bytes, context: bytes) -> bytes:
        """What was wrapped for this organization and context.

        Raises:
            Refused: the store holds no root of this organization.
            Unopenable: it was wrapped under another root or for another context, or was altered.
        """

    def info(self) -> StoreInfo:
        """What the store is and whose roots it holds."""
