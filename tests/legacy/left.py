"""What a migration leaves at a site, planted: a bundle with a draft, and what its words keep for each other."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from aliquot.legacy import seals, staged
from aliquot.vault import carrying
from aliquot.vault.bundle import SenderKey
from aliquot.vault.bundlekey import StagingKey
from aliquot.vault.carrying import Terms

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MANDATE = "0a1b2c3d" + "17" * 12
OTHER = "0a1b2c3d" + "18" * 12
KEPT = ("rehearsal.json", "loaded.json", "map.toml")
_SLOT = StagingKey.generate().slot()
_SENDER = SenderKey.generate()


def bundle(folder: Path, mandate: str = MANDATE, parts: int = 2) -> Path:
    """A bundle whose carry was killed in its last part."""
    terms = Terms(bytes.fromhex(mandate), NOON, NOON + timedelta(days=7))
    carrying.begin(folder, terms, [_SLOT], _SENDER)
    for number in range(1, parts + 1):
        (folder / f"{number:06d}.part").write_bytes(b"aqb1" + bytes(number))
    (folder / f".{parts + 1:06d}.draft").write_bytes(b"aqb1")
    (folder / carrying.MANIFEST).write_text("{}")
    (folder / seals.FILE).write_text("{}")
    return folder


def words(home: Path, mandate: str = MANDATE) -> Path:
    """The folder of a migration in the middle of its load."""
    folder = home / staged.FOLDER / mandate
    folder.mkdir(parents=True)
    for name in (*KEPT, "profile.json", "progress.json", "progress.new"):
        (folder / name).write_text(name)
    return folder


def names(folder: Path) -> set[str]:
    """Every file under a folder, from there."""
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir()}
