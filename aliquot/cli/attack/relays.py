"""D3: whoever relays what is carried from one laboratory to another, and comes with every secret but one."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aliquot.cli.attack import moves, oldlab, unwrapped
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.moves import Move
from aliquot.cli.attack.seekers import Words
from aliquot.cli.scratch import PASSPHRASE
from aliquot.custody.denial import Denial
from aliquot.legacy import arriving
from aliquot.legacy import carrying as sealing
from aliquot.legacy.carrying import Bearer
from aliquot.legacy.entrance import Leave
from aliquot.terms.errors import Refused
from aliquot.vault import bundle, carrying
from aliquot.vault.bundle import SenderKey, Trailer
from aliquot.vault.bundlekey import StagingKey
from aliquot.vault.carrying import Terms
from aliquot.vault.errors import Unopenable
from aliquot.vault.keyring import Keyring
from aliquot.vault.keystore import INSTALLATION
from aliquot.vault.letterbox import SlotKey

_PRIVATE_BYTES = 96


def relay(ground: Ground) -> Measured:
    """Look at what is relayed, try every secret on it, and hand it on with something changed."""
    sender, loader = SenderKey.generate(), moves.enrolled(ground.world, ground.nord.org)
    move, other = (moves.declared(loader, sender, oldlab.SCOPE, ground.scale.crowd) for _ in range(2))
    old = oldlab.made(ground.folder / "old", ground.scale.patients)
    folder = ground.folder / "relayed"
    _carry(old, move, sender, folder)
    words = Words((oldlab.OUTSIDE, oldlab.WITHIN))
    planted, (hits, looked_at) = words.under(old.folder)[0], words.under(folder)
    secrets = _Secrets(ground, sender, (move, other))
    opened = sum(tries(folder, secret) for secret in secrets.every)
    changed = list(_changed(ground, old, move, folder))
    read = sum(_reads(ground, move, one) for one in changed)
    figure = (
        f"{hits} planted words in {looked_at / 1e3:,.0f} kB; {opened} parts opened with {len(secrets.every):,} other "
        f"secrets; {read} of {len(changed)} changed bundles read"
    )
    real = planted > 0 and opens(folder, secrets.own) and _reads(ground, move, folder)
    return Measured(figure, holds=hits == opened == read == 0 and real)


def carried(move: Move, sender: SenderKey, folder: Path, content: bytes) -> Path:
    """A bundle of one part, as the site of the old system seals it."""
    document, now = move.document(), move.loader.world.clock()
    slots = (SlotKey(bytes.fromhex(document.staging)),)
    carrying.begin(folder, Terms(move.mandate, now, now + timedelta(days=7)), slots, sender)
    with carrying.part(folder, (1, "PATIENT"), slots, sender) as piece:
        piece.write(content)
    return folder


def opens(folder: Path, key: StagingKey) -> bool:
    """Whether a bundle opens with a staging key."""
    try:
        return any(plain(folder, key))
    except Unopenable:
        return False


def plain(folder: Path, key: StagingKey) -> Iterator[bytes]:
    """What the chunks of a bundle say, opened with a staging key and asked of nobody.

    Raises:
        Unopenable: it is another key.
    """
    of = bundle.header((folder / carrying.HEADER).read_bytes())
    for path in sorted(folder.glob("*.part")):
        place = carrying.located(path)
        part = key.open(of, place.head, bundle.verified(place.trailer, of, Trailer))
        yield from part.open(0, tuple(carrying.chunks(path)))


def _carry(old: oldlab.Old, move: Move, sender: SenderKey, folder: Path) -> None:
    with old.reading() as reading:
        sealing.carry(reading, Bearer(move.document(), sender, folder), move.loader.world.clock(), lambda *_: None)


class _Secrets:
    """Every secret of the installation, and the sender's; `own` is the one that is meant to open the bundle."""

    def __init__(self, ground: Ground, sender: SenderKey, made: tuple[Move, Move]) -> None:
        custody = ground.world.installation.custody
        store = Keyring.unlock(custody.keyring, PASSPHRASE, allow_weak=True)
        roots = (INSTALLATION, ground.nord.org, ground.sud.org)
        weekly = [kek for root in roots for kek in unwrapped.keks(custody, store, root)]
        nord, sud = (unwrapped.subjects(custody, org, weekly) for org in roots[1:])
        staging = unwrapped.staging(custody, ground.nord.org, nord)
        self.own = staging[made[0].mandate]
        found = {secret for root in roots for secret in unwrapped.secrets(custody, store, root)}
        found |= {key.reveal() for key in (*weekly, *nord.values(), *sud.values())}
        found |= {sender.reveal(), staging[made[1].mandate].reveal(), *ground.world.secrets.values()}
        self.every: Sequence[bytes] = sorted(found)


def tries(folder: Path, secret: bytes) -> bool:
    """Whether a part opens with a secret, taken as its key and as the private half that it was sealed to."""
    path = carrying.path_of(folder, 1)
    of, place = bundle.header((folder / carrying.HEADER).read_bytes()), carrying.located(path)
    keys = [secret[:32]] if len(secret) >= 32 else []
    try:
        stretched = (secret * _PRIVATE_BYTES)[:_PRIVATE_BYTES]
        sealed = bytes.fromhex(bundle.head(place.head).keys[0])
        keys.append(StagingKey(stretched).decrypt(sealed, bundle.info(of, 1)))
    except (InvalidTag, ValueError):
        pass
    chunk = next(carrying.chunks(path))
    return any(_decrypts(cipher, of, chunk) for key in keys for cipher in (AESGCM(key), bundle.payload(of, 1, key)))


def _decrypts(cipher: AESGCM, of: bundle.Header, chunk: bytes) -> bool:
    try:
        cipher.decrypt(bundle.nonce(0, last=True), chunk, bundle.associated(of, 1))
    except InvalidTag:
        return False
    return True


def _reads(ground: Ground, move: Move, folder: Path) -> bool:
    """Whether the receiving laboratory reads a bundle to its end."""
    leave = Leave(move.loader.actor(), move.mandate, oldlab.where(ground), ground.world.clock)
    try:
        with arriving.opened(leave, oldlab.SCOPE, folder) as reading:
            return sum(len(chunk.rows) for table in oldlab.SCOPE.tables for chunk in reading.rows(table.name)) > 0
    except (Denial, Refused):
        return False
    finally:
        leave.actor.line.hang_up()


def _changed(ground: Ground, old: oldlab.Old, move: Move, folder: Path) -> Iterator[Path]:
    """The bundle with something changed, one change in each copy; and two that another sender has a part in."""
    paths = sorted(path.name for path in folder.iterdir())
    parts = [name for name in paths if name.endswith(".part")]
    changes = [(name, change) for name in paths for change in (_drop, _cut, *_FLIPS)]
    changes += [(name, _instead(other)) for name, other in permutations(parts, 2)]
    changes += [(parts[-1], _repeat), (parts[0], _swap(parts[-1]))]
    for number, (name, change) in enumerate(changes):
        copy = ground.folder / f"changed-{number}"
        shutil.copytree(folder, copy)
        change(copy / name)
        yield copy
    another, foreign, mixed = SenderKey.generate(), ground.folder / "foreign", ground.folder / "mixed"
    document = msgspec.structs.replace(move.document(), sender=bundle.fingerprint(another.public()))
    with old.reading() as reading:
        sealing.carry(reading, Bearer(document, another, foreign), ground.world.clock(), lambda *_: None)
    yield foreign
    shutil.copytree(folder, mixed)
    shutil.copy(foreign / parts[0], mixed / parts[0])
    yield mixed


def _drop(file: Path) -> None:
    file.unlink()


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: -bundle.TAG])


def _flip(tenth: int) -> Callable[[Path], None]:
    def flip(file: Path) -> None:
        raw = bytearray(file.read_bytes())
        raw[len(raw) * tenth // 10] ^= 1
        file.write_bytes(raw)

    return flip


def _instead(other: str) -> Callable[[Path], None]:
    def replace(file: Path) -> None:
        shutil.copy(file.parent / other, file)

    return replace


def _swap(other: str) -> Callable[[Path], None]:
    def swap(file: Path) -> None:
        one, two = file.read_bytes(), (file.parent / other).read_bytes()
        file.write_bytes(two)
        (file.parent / other).write_bytes(one)

    return swap


def _repeat(file: Path) -> None:
    shutil.copy(file, carrying.path_of(file.parent, int(file.stem) + 1))


_FLIPS = tuple(map(_flip, (0, 3, 5, 7, 9)))
