"""The completed map of the invented old laboratory, as its biologist would draw it: made from the simulator's key.

A real laboratory has no such key. Its map is drawn from the profile, and completed and signed by a biologist.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from aliquot.cli.simulate import flat, key
from aliquot.cli.simulate.key import Code
from aliquot.lab.reference import Flag
from aliquot.legacy.map import Column, Map, Rule, Status
from aliquot.legacy.meanings import Meaning
from aliquot.terms.identity import Sex
from aliquot.terms.mandates import Follows, Scope, Table

PEOPLE: Final = "PATIENTS"
RESULTS: Final = "RESULTATS"
SINCE, UNTIL = date(2001, 1, 1), date(2020, 12, 31)
SOURCE: Final = f"""\
kind = "delimited"
charset = "mixed"
separator = ";"
quote = ""

[tables.{PEOPLE}]
path = "{flat.PATIENTS}"

[tables.{RESULTS}]
path = "{flat.RESULTS}"
"""
_FORMS: Final = ("dd/mm/yyyy", "dd/mm/yy")
_STATUSES: Final[dict[str, Status]] = {
    "VB": "final",
    "R": "final",
    "VT": "unknown",
    "P": "unknown",
    "": "unknown",
    "A": "deleted",
    "D": "deleted",
}
_OF_PEOPLE: Final = {
    "NUMPAT": Meaning.PATIENT_NUMBER,
    "NOM": Meaning.PATIENT_FAMILY,
    "NOMJF": Meaning.PATIENT_BIRTH_FAMILY,
    "PRENOM": Meaning.PATIENT_GIVEN,
    "SEXE": Meaning.PATIENT_SEX,
    "DATNAI": Meaning.PATIENT_BORN_ON,
    "NIR": Meaning.PATIENT_NIR,
    "CLENIR": Meaning.PATIENT_NIR,
    "ADR1": Meaning.PATIENT_ADDRESS,
    "CP": Meaning.PATIENT_POSTCODE,
    "VILLE": Meaning.PATIENT_CITY,
    "TEL": Meaning.PATIENT_PHONE,
    "COMMENT1": Meaning.PATIENT_NOTE,
    "STATUT": Meaning.ROW_DELETED,
}
_OF_RESULTS: Final = {
    "NUMPAT": Meaning.PATIENT_NUMBER,
    "NUMDOS": Meaning.DOSSIER_NUMBER,
    "DATPREL": Meaning.DOSSIER_COLLECTED_ON,
    "HEUPREL": Meaning.DOSSIER_COLLECTED_TIME,
    "SITE": Meaning.DOSSIER_SITE,
    "PRESCRIPTEUR": Meaning.DOSSIER_PRESCRIBER,
    "CODEXAM": Meaning.RESULT_TEST,
    "LIBEXAM": Meaning.RESULT_TEST_NAME,
    "VALEUR": Meaning.RESULT_VALUE,
    "UNITE": Meaning.RESULT_UNIT,
    "NORMINF": Meaning.RESULT_LOW,
    "NORMSUP": Meaning.RESULT_HIGH,
    "FLAG": Meaning.RESULT_FLAG,
    "STATUT": Meaning.RESULT_STATUS,
    "VALIDEUR": Meaning.RESULT_VALIDATED_BY,
    "COMRES": Meaning.RESULT_COMMENT,
}
_DAYS: Final = {Meaning.PATIENT_BORN_ON, Meaning.DOSSIER_COLLECTED_ON}


def scope() -> Scope:
    """What the mandate of the demonstration lets be read: fourteen of the sixty columns of people, and no password."""
    follows = Follows("NUMPAT", RESULTS, "NUMPAT")
    people = Table(PEOPLE, tuple(_OF_PEOPLE), follows=follows)
    results = Table(RESULTS, tuple(_OF_RESULTS), dated="DATPREL", sited="SITE")
    return Scope((people, results), SINCE, UNTIL, tuple(sorted(key.key().sites)))


def drawn(mandate: str, profile: str, site: str) -> Map:
    """The map, for the site here that both sites of the old laboratory become."""
    return Map(
        mandate=mandate,
        profile=profile,
        system="urn:old:patients",
        zone="Europe/Paris",
        mark="either",
        tables={name: columns(meant, _FORMS) for name, meant in ((PEOPLE, _OF_PEOPLE), (RESULTS, _OF_RESULTS))},
        tests=rules(),
        statuses={**_STATUSES},
        flags={"B": Flag.LOW, "H": Flag.HIGH},
        sexes={"M": Sex.MALE, "F": Sex.FEMALE},
        sites=dict.fromkeys(key.key().sites, site),
        erased=("D",),
    )


def columns(meant: Mapping[str, Meaning], forms: tuple[str, ...]) -> dict[str, Column]:
    """Columns of the old laboratory; `forms` are those of its days, of which none is later than its last year."""
    return {
        name: Column(means, forms=forms, latest=UNTIL.year) if means in _DAYS else Column(means)
        for name, means in meant.items()
    }


def rules() -> tuple[Rule, ...]:
    """What each old test is here, in each unit and time in which it was measured."""
    found = {(rule.code, rule.unit, rule.since): rule for code in key.key().codes for rule in _rules(code)}
    return tuple(found.values())


def _rules(code: Code) -> Iterator[Rule]:
    for unit in dict.fromkeys(code.units):
        yield Rule(
            code.code,
            code.test,
            unit=unit,
            since=code.since,
            until=code.until - timedelta(days=1),
            ucum=code.ucum if code.test else "",
            loinc=code.loinc,
            reason="the invented laboratory's own key",
        )
