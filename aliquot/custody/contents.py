"""Sealing and opening whatever the size: a record in one piece, what is larger in the chunks of a document."""

import io

from aliquot.terms.kinds import Harm
from aliquot.vault import document, record
from aliquot.vault.document import Label
from aliquot.vault.record import Address, Opened, Sealed, Sealer

_ALGORITHM_AT = 1
_STREAMED = bytes([record.STREAMED])


def seal(sealer: Sealer, address: Address, harm: Harm, schema: int, body: bytes) -> bytes:
    """The content as it may be stored."""
    if len(body) <= record.LARGEST_BODY:
        return sealer.seal(address, harm, schema, body)
    target = io.BytesIO()
    document.seal(sealer, address, Label(harm, schema, len(body)), io.BytesIO(body), target)
    return target.getvalue()


def unseal(sealer: Sealer, address: Address, schema: int, sealed: bytes) -> Opened:
    """What was sealed for this address.

    Raises:
        Unopenable: it was not.
    """
    if sealed[_ALGORITHM_AT : _ALGORITHM_AT + 1] != _STREAMED:
        return sealer.open(address, schema, Sealed(sealed))
    target = io.BytesIO()
    label = document.unseal(sealer, address, schema, io.BytesIO(sealed), target)
    return Opened(label.harm, label.schema, target.getvalue())
