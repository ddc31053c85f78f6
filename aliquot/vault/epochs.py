"""The epoch file: the weekly keys of every laboratory, each wrapped by its root. Layout: docs/formats/epochs.md.

It is the one file of an installation of which no old copy may be kept: what was wrapped in a week is forgotten when the
last copy of that week's key is. Databases, key journal and keyring may be copied and kept for as long as anybody likes.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, final

import msgspec
from cryptography.hazmat.primitives import constant_time

from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id, Org
from aliquot.vault import whole
from aliquot.vault.errors import Unopenable
from aliquot.vault.keys import LabKek
from aliquot.vault.keystore import INSTALLATION, KeyStore

FIRST: Final = 1
_KEK = b"aliquot/lab-kek/v1"
_FILE = b"aliquot/epochs/v1"


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says. `generation` counts its writings; `shredded` names patients with the last epoch of their
    key, for as long as that epoch lives."""

    format: Literal["aqe1"]
    generation: int
    kek: dict[str, dict[str, str]]
    shredded: dict[str, int]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; `mac` is the digest of the canonical form of what is said, wrapped by the installation's root."""

    epochs: _Said
    mac: str


@final
class Epochs:
    """The weekly keys, open. The file lies in several places, so that one broken disk does not lose them.

    A change is in every place before it counts here. At opening the youngest place decides, and mends the others.
    """

    def __init__(self, store: KeyStore, places: Sequence[Path]) -> None:
        """Opens what is there; where no place has a file, there is no epoch yet.

        Raises:
            Unopenable: a place holds something else, or it was altered.
        """
        self._store = store
        self._places = tuple(dict.fromkeys(places))
        found = [self._read(place) for place in self._places]
        self._said = max((said for said in found if said), key=lambda said: said.generation, default=_NOTHING)
        self._keks = self._opened(self._said.kek)
        if any(said != self._said for said in found) and self._said.generation:
            self._write(self._said)

    def keks(self, org: Org) -> Mapping[int, LabKek]:
        """The living keys of an organization, by epoch."""
        return self._keks.get(org, {})

    @property
    def shredded(self) -> Mapping[Id, int]:
        """The patients of whom an old copy of a database may still hold an openable key, with that key's epoch."""
        return {Id(bytes.fromhex(patient)): epoch for patient, epoch in self._said.shredded.items()}

    def begin(self, orgs: Iterable[Org], epoch: int) -> None:
        """Make the keys of an epoch, for each organization that has none of it; durable when this returns."""
        kek = {name: dict(wrapped) for name, wrapped in self._said.kek.items()}
        for org in orgs:
            wrapped = self._store.wrap(org, LabKek.generate().reveal(), _context(epoch))
            kek.setdefault(org.hex(), {}).setdefault(str(epoch), wrapped.hex())
        self._keep(msgspec.structs.replace(self._said, kek=kek))

    def adopt(self, org: Org, wrapped: Mapping[int, bytes]) -> None:
        """Take keys that were wrapped elsewhere by the same root; durable when this returns.

        Raises:
            Refused: the organization has keys here already.
        """
        if org in self._keks:
            raise Refused("epochs: the organization has keys already")
        taken = {str(epoch): key.hex() for epoch, key in wrapped.items()}
        self._keep(msgspec.structs.replace(self._said, kek={**self._said.kek, org.hex(): taken}))

    def shred(self, patients: Mapping[Id, int]) -> None:
        """Remember patients whose key was destroyed, so that an older database does not bring them back."""
        shredded = self._said.shredded | {patient.hex(): epoch for patient, epoch in patients.items()}
        self._keep(msgspec.structs.replace(self._said, shredded=shredded))

    def destroy(self, last: int) -> None:
        """Destroy the keys of this epoch and of all before it, in every place; what they wrapped opens no more."""
        kek = {
            name: {epoch: wrapped for epoch, wrapped in keys.items() if int(epoch) > last}
            for name, keys in self._said.kek.items()
        }
        shredded = {patient: epoch for patient, epoch in self._said.shredded.items() if epoch > last}
        self._keep(msgspec.structs.replace(self._said, kek=kek, shredded=shredded))

    def _keep(self, said: _Said) -> None:
        said = msgspec.structs.replace(said, generation=self._said.generation + 1)
        keks = self._opened(said.kek)
        self._write(said)
        # Only now: a key that is used before it is durable everywhere would orphan what was wrapped under it.
        self._said, self._keks = said, keks

    def _write(self, said: _Said) -> None:
        mac = self._store.wrap(INSTALLATION, _digest(said), _FILE)
        content = canonical.encode(_File(said, mac.hex())) + b"\n"
        for place in self._places:
            if place.exists():
                whole.burn(place, content)
            else:
                whole.write(place, content)

    def _read(self, place: Path) -> _Said | None:
        try:
            file = msgspec.json.decode(place.read_bytes(), type=_File)
            told = self._store.unwrap(INSTALLATION, bytes.fromhex(file.mac), _FILE)
        except FileNotFoundError:
            return None
        except (ValueError, *canonical.UNREADABLE):
            raise Unopenable(f"epochs: {place} is no epoch file; its twin mends it once it is moved away") from None
        if not constant_time.bytes_eq(told, _digest(file.epochs)):
            raise Unopenable(f"epochs: {place} was altered; its twin mends it once it is moved away")
        return file.epochs

    def _opened(self, kek: Mapping[str, Mapping[str, str]]) -> dict[Org, dict[int, LabKek]]:
        return {
            org: {int(epoch): self._unwrapped(org, int(epoch), wrapped) for epoch, wrapped in keys.items()}
            for org, keys in ((Org(bytes.fromhex(name)), keys) for name, keys in kek.items())
        }

    def _unwrapped(self, org: Org, epoch: int, wrapped: str) -> LabKek:
        return LabKek(self._store.unwrap(org, bytes.fromhex(wrapped), _context(epoch)))


_NOTHING = _Said("aqe1", 0, {}, {})


def _digest(said: _Said) -> bytes:
    return hashlib.sha256(canonical.encode(said)).digest()


def _context(epoch: int) -> bytes:
    return _KEK + epoch.to_bytes(4, "big")
