"""A certificate of an invented move."""

from datetime import UTC, datetime, timedelta

from aliquot.custody.answers import MigrationStep
from aliquot.legacy.closing import Certificate, Counts, Position
from aliquot.legacy.fates import Bin
from aliquot.legacy.staged import Erased
from tests.legacy.left import MANDATE

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
HASH = "0123456789abcdef" * 4
OFFICERS = ("Dr Hélène Œuvray", "Paul Vauclair")
ROAD = ("profile", "map", "rehearse", "finish", "reconcile")


def step(name: str, hour: int, *people: str, evidence: str = "") -> MigrationStep:
    """A step that was taken so many hours after the mandate was signed."""
    return MigrationStep(name, name, evidence, people, AT + timedelta(hours=hour))


MADE = Certificate(
    format="aqc1",
    mandate=MANDATE,
    organization=MANDATE[:8],
    purpose="reprise du laboratoire #panic()",
    source="ancien système",
    annex=HASH,
    scope=HASH[::-1],
    loader="mover",
    signed_at=AT,
    patients=19_432,
    tables=(
        Counts("PATIENTS", 20_000, {**dict.fromkeys(Bin, 0), "imported": 19_432, "merged": 568}),
        Counts("RESULTATS", 412_345, {**dict.fromkeys(Bin, 0), "imported": 412_000, "parked": 345}),
    ),
    evidence={name: f"{number:064x}" for number, name in enumerate(ROAD, start=1)},
    steps=(step("declare", 0, *OFFICERS), step("profile", 1, "mover"), step("cut-over", 5, *OFFICERS)),
    erased=(
        Erased("incoming/000001.part", 1_048_576, f"{77:064x}"),
        Erased(f"migrations/{MANDATE}/profile.json", 812, f"{78:064x}"),
    ),
    key=f"{99:064x}",
    key_dies_by=AT + timedelta(hours=77),
    made_at=AT + timedelta(hours=6, microseconds=12),
    log=Position(1_234_567, f"{55:064x}"),
)
