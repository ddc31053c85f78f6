"""What is attacked: two laboratories under one roof that know nothing of each other, and how much of everything."""

from dataclasses import dataclass
from datetime import UTC, datetime

from aliquot.cli.layout import Plan
from aliquot.terms.ids import Org
from aliquot.terms.installation import Laboratory, Peer, Record

NORD, SUD = Org(bytes.fromhex("00000001")), Org(bytes.fromhex("00000002"))
SITES = {NORD: "nord", SUD: "sud"}
DEVICE = "ANALYSER"
START = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Scale:
    """How much is attacked how often; the figures of the controls hold for `FULL`.

    `crowd` is how many patients a laboratory has where bulk is stolen, `patients` elsewhere; `works` how many of them
    have open, confirmed work. In each of `rounds` a day a hostile process gives a lie up after `patience` useless ones.
    `old` is how many of each kind of credential an old system has, `results` how many results a laboratory that moves.
    """

    crowd: int
    patients: int
    works: int
    changes: int
    opens: int
    kills: int
    strangers: int
    nonces: int
    rounds: int
    patience: int
    old: int
    results: int


FULL = Scale(50_000, 1_200, 400, 1_000, 10_000, 100, 1_000, 1_000_000, 2, 12, 13, 100_000)
QUICK = Scale(400, 60, 12, 60, 120, 3, 60, 20_000, 1, 2, 2, 2_000)


def of(record: Record, listen_port: int = 0, web_port: int = 8000) -> Plan:
    """The installation that is laid out for an attack."""
    return Plan(
        laboratories=tuple(_laboratory(org, site) for org, site in SITES.items()),
        record=record,
        web_port=web_port,
        listen_port=listen_port,
        peers=(Peer("127.0.0.1", f"{DEVICE}-nord"),),
    )


def _laboratory(org: Org, site: str) -> Laboratory:
    return Laboratory(
        org=org.hex(),
        name=f"Laboratoire {site.title()}",
        lines=("1 rue de l'Exemple", "99999 Exemple"),
        phone="01 99 00 00 00",
        director="Dr Exemple",
        accreditation="",
        time_zone="Europe/Paris",
        language="fr",
        sites=(site,),
    )
