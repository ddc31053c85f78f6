"""The steps of a move as they are measured: each does its work, and beside it what the same bytes cost with nothing
around them. A step is run in a process of its own (`apart`)."""

import os
import shutil
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connections

from aliquot.cli.bench import apart
from aliquot.cli.bench.apart import Said
from aliquot.cli.bench.moving import SCOPE, Moving
from aliquot.legacy import carrying, comparing, profile
from aliquot.legacy import map as maps
from aliquot.legacy.carrying import Bearer
from aliquot.legacy.fates import Bin
from aliquot.legacy.loading import Load
from aliquot.legacy.progress import Progress
from aliquot.legacy.reading import Reading
from aliquot.legacy.reconciling import RESULTS_AT_ONCE, Reconciler
from aliquot.legacy.rehearsal import Trial
from aliquot.record import models
from aliquot.terms import clock
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.mandates import Scope, Table
from aliquot.vault import carrying as parts
from aliquot.vault.letterbox import SlotKey

_CHUNK = 2**20
_FRAME = 200_000
_ALL = Scope(tuple(Table(table.name, table.columns) for table in SCOPE.tables), SCOPE.since, SCOPE.until)
"""Every row of the same columns."""


def profiled(move: Moving) -> Said:
    """A profile, beside reading the same files."""
    floor = apart.seconds(lambda: _read(move))
    with move.reading() as reading:
        took = apart.seconds(lambda: profile.take(reading, SCOPE, move.source.digest()))
        return {"rows": _rows(reading), "seconds": took, "floor": floor}


def rehearsed(move: Moving) -> Said:
    """A rehearsal, beside reading the same files."""
    leave = move.leave()
    trial = Trial(move.drawn, SCOPE, leave.where.catalogue, clock.system().date())
    floor = apart.seconds(lambda: _read(move))
    with move.reading() as reading:
        took = apart.seconds(lambda: trial.run(reading))
        return {"rows": _rows(reading), "seconds": took, "floor": floor}


def carried(move: Moving) -> Said:
    """Carrying, and of it sealing alone, beside as many bytes under AES-GCM, and beside reading the files as well."""
    with move.reading() as reading:
        bearer = Bearer(move.document, move.sender, move.bundle)
        began = time.perf_counter()
        carrying.carry(reading, bearer, clock.system(), lambda *_: None)
        took = time.perf_counter() - began
    much = sum(trailer.bytes for trailer in parts.finished(move.bundle).values())
    sealing = apart.seconds(lambda: _sealed(move, much))
    alone = apart.seconds(lambda: _bundled(move, much))
    return {
        "bytes": much,
        "seconds": took,
        "alone": alone,
        "floor": sealing,
        "reading": apart.seconds(lambda: _read(move)),
    }


def loaded(move: Moving) -> Said:
    """A load of everything, and of its time how much went by before the first result."""
    leave = move.leave()
    settled: list[tuple[float, bool]] = []

    def settle(reached: Progress) -> None:
        settled.append((time.perf_counter(), bool(reached.waiting)))

    load = Load(leave, move.drawn, SCOPE, Progress(move.mandate.hex(), maps.digest(move.drawn)), settle)
    began = time.perf_counter()
    with move.reading() as reading:
        sums = load.run(reading)
    ended = time.perf_counter()
    people, results = (sums.bins(table.name)[Bin.IMPORTED] for table in SCOPE.tables)
    among = [at for at, is_result in settled if not is_result]
    return {"people": people, "results": results, "seconds": ended - began, "before": max(among) - began}


def reconciled(move: Moving) -> Said:
    """A reconciliation, beside one scan of both sides: the files read, each record fetched and opened."""
    leave = move.leave()
    with move.reading() as reading:
        reconciler = Reconciler(leave, move.drawn, SCOPE)
        began = time.perf_counter()
        found = reconciler.run(reading)
        took = time.perf_counter() - began
    if not found.agrees():
        raise Broken("bench: the two sides do not agree")
    here = sum(months.results for months in found.here)
    reading_ = apart.seconds(lambda: _read(move))
    return {"results": here, "seconds": took, "floor": reading_ + apart.seconds(lambda: _opened(move))}


def _read(move: Moving) -> None:
    """The same rows by the same reader, once: nothing is judged and nothing is looked at."""
    with Reading(_ALL, move.source) as reading:
        for table in _ALL.tables:
            deque(reading.rows(table.name), maxlen=0)


def _sealed(move: Moving, much: int) -> None:
    aead, chunk = AESGCM(os.urandom(32)), bytes(_CHUNK)
    with (move.folder / "floor").open("wb") as target:
        for number in range(much // _CHUNK + 1):
            target.write(aead.encrypt(number.to_bytes(12, "big"), chunk, b""))
        target.flush()
        os.fsync(target.fileno())
    (move.folder / "floor").unlink()


def _bundled(move: Moving, much: int) -> None:
    """As many bytes sealed as a bundle is, in frames of the size that a chunk of rows has."""
    folder, now = move.folder / "alone", clock.system()
    slots = [SlotKey(bytes.fromhex(move.document.staging))]
    parts.begin(folder, parts.Terms(move.mandate, now, now + carrying.LASTS), slots, move.sender)
    with parts.part(folder, (1, "rows"), slots, move.sender) as part:
        for _ in range(much // _FRAME + 1):
            part.write(bytes(_FRAME))
    shutil.rmtree(folder)


def _opened(move: Moving) -> None:
    """Every requisition that came and its results, through the door, as many at once as reconciling looks at."""
    leave, results = move.leave(), _results(move)
    while some := list(islice(results, RESULTS_AT_ONCE)):
        comparing.found(leave, some, ZoneInfo(move.drawn.zone))
    connections.close_all()


def _results(move: Moving) -> Iterator[Id]:
    kept = models.Version.objects.filter(kind=Kind.OBSERVATION).order_by("pk").values_list("resource", flat=True)
    return (Id(bytes(one)) for one in kept.iterator(RESULTS_AT_ONCE) if bytes(one)[:4] == move.org)


def _rows(reading: Reading) -> int:
    return sum(reading.counts(table.name).read for table in SCOPE.tables)
