"""The installation that the tests lay out: two laboratories, walled from each other, and one analyser."""

from aliquot.cli.layout import Plan
from aliquot.terms.ids import Org
from aliquot.terms.installation import Laboratory, Peer, Record

NORD, SUD = Org(bytes.fromhex("00000001")), Org(bytes.fromhex("00000002"))
PLAN = Plan(
    laboratories=tuple(
        Laboratory(
            org=org.hex(),
            name=f"Laboratoire {place}",
            lines=("1 rue de l'Exemple", f"99000 {place}"),
            phone="01 99 00 00 00",
            director="Dr Exemple",
            accreditation="",
            time_zone="Europe/Paris",
            language="fr",
            sites=(place.lower(),),
            quality_control="outside",
        )
        for org, place in ((NORD, "Nord"), (SUD, "Sud"))
    ),
    record=Record("sqlite", "record/record.sqlite3"),
    peers=(Peer("127.0.0.1", "ANALYSER-1"),),
    listen_port=0,
)
