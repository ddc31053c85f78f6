"""How a patient's key lies in the key table: wrapped under the laboratory's key of the week, bound to its row."""

import os
import struct
from typing import NewType

import msgspec
from cryptography.exceptions import InvalidTag

from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id, Org
from aliquot.vault import keys
from aliquot.vault.errors import Unopenable
from aliquot.vault.keys import LabKek, PatientKey

WrappedKey = NewType("WrappedKey", bytes)
"""61 bytes: `0x01 | nonce12 | AES-256-GCM of the patient key`."""

_WRAPPED_BYTES = 61
_VERSION = b"\x01"
_NONCE_BYTES = 12
_AAD = struct.Struct(">14s16s16sII")
_AAD_LABEL = b"aliquot/pk/v1\x00"


class Binding(msgspec.Struct, frozen=True):
    """The row that a wrapped key belongs to. `n` numbers the patient's keys, `epoch` the weeks of the wrapping key."""

    lab: Org
    patient: Id
    n: int
    epoch: int

    def __post_init__(self) -> None:
        # `struct` would cut or fill a patient of another length in silence, and two rows could then be one.
        if len(self.patient) != 16:
            raise Broken("wrapped key: a patient has 16 bytes")


def wrap(kek: LabKek, key: PatientKey, binding: Binding) -> WrappedKey:
    """The patient's key as it may be stored."""
    return _wrap(kek, key, binding, os.urandom(_NONCE_BYTES))


def unwrap(kek: LabKek, wrapped: WrappedKey, binding: Binding) -> PatientKey:
    """The patient's key out of its row.

    Raises:
        Unopenable: another row's key, another week's wrapping key, or altered bytes.
    """
    if len(wrapped) != _WRAPPED_BYTES or wrapped[:1] != _VERSION:
        raise Unopenable("wrapped key: not in format 1")
    try:
        return PatientKey(kek.aead.decrypt(wrapped[1:13], wrapped[13:], _associated(binding)))
    except InvalidTag:
        raise Unopenable("wrapped key: does not open in this row") from None


def rewrap(kek: LabKek, wrapped: WrappedKey, binding: Binding, fresh: LabKek, epoch: int) -> WrappedKey:
    """The same key as it may be stored in another epoch, under that epoch's wrapping key.

    Raises:
        Unopenable: as `unwrap`.
    """
    return wrap(fresh, unwrap(kek, wrapped, binding), msgspec.structs.replace(binding, epoch=epoch))


def _wrap(kek: LabKek, key: PatientKey, binding: Binding, nonce: bytes) -> WrappedKey:
    return WrappedKey(_VERSION + nonce + kek.aead.encrypt(nonce, key.reveal(), _associated(binding)))


def _associated(binding: Binding) -> bytes:
    return _AAD.pack(_AAD_LABEL, keys.lab16(binding.lab), binding.patient, binding.n, binding.epoch)
