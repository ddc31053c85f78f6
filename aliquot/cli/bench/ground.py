"""Where it is measured: a folder and an empty record database of their own, which Django knows before all else."""

import shutil
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aliquot.cli import cluster, founding, layout, scratch
from aliquot.cli.demo import staff
from aliquot.cli.layout import Plan
from aliquot.terms.installation import Installation, Peer, Record

DEVICE = "ANALYSER-1"
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Ground:
    """An installation that is laid out and not founded yet."""

    home: Path
    described: Installation
    server: cluster.Server | None


@contextmanager
def laid(engine: str, of: Callable[[Record], Plan]) -> Iterator[Ground]:
    """An installation of its own, gone when the block ends."""
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="aliquot-bench-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        server = stack.enter_context(cluster.started()) if engine == "postgresql" else None
        described = layout.lay(home, of(_record(server)))
        _know(home, described.record)
        yield Ground(home, described, server)
        _forget()


def _record(server: cluster.Server | None) -> Record:
    if server is None:
        return Record("sqlite", "record/record.sqlite3")
    name = f"bench_{uuid.uuid4().hex}"
    server.run(f"CREATE DATABASE {name}")
    return server.record(name)


def plan(record: Record) -> Plan:
    """Two laboratories, and an analyser that may speak."""
    return Plan(
        laboratories=tuple(laboratory.described() for laboratory in staff.LABORATORIES),
        record=record,
        web_port=_free(),
        listen_port=_free(),
        peers=(Peer(HOST, DEVICE),),
    )


def _free() -> int:
    with socket.create_server((HOST, 0)) as free:
        return int(free.getsockname()[1])


def _know(home: Path, record: Record) -> None:
    """Let Django know the record database; what it knew of another installation is not touched."""
    from django.apps import apps

    if not apps.ready:
        founding.configure(home)
    scratch.point(Record("sqlite", str(home / record.name)) if record.engine == "sqlite" else record)


def _forget() -> None:
    from django.db import connections

    connections.close_all()
