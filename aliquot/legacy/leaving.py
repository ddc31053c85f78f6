"""The example of how records that left another installation come in here: what is read of them, and what it means.

Both sides of it may be signed as they stand, or be trimmed first: docs/manual/leaving.md.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from aliquot.lab.catalogue import Catalogue
from aliquot.lab.reference import Flag
from aliquot.legacy.map import Column, Map, Rule, Status
from aliquot.legacy.meanings import Meaning
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Sex
from aliquot.terms.mandates import Scope, Table

PEOPLE: Final = "Patient"
RESULTS: Final = "Observation"
_FORMS: Final = ("yyyy-mm-dd",)
_OF_PEOPLE: Final = {
    "id": Meaning.PATIENT_NUMBER,
    "name[0].family": Meaning.PATIENT_FAMILY,
    "name[0].given[0]": Meaning.PATIENT_GIVEN,
    "name[0].given[1]": Meaning.PATIENT_GIVEN,
    "identifier[0].value": Meaning.PATIENT_NIR,
    "gender": Meaning.PATIENT_SEX,
    "birthDate": Meaning.PATIENT_BORN_ON,
    "address[0].line[0]": Meaning.PATIENT_ADDRESS,
    "address[0].line[1]": Meaning.PATIENT_ADDRESS,
    "address[0].postalCode": Meaning.PATIENT_POSTCODE,
    "address[0].city": Meaning.PATIENT_CITY,
}
_OF_RESULTS: Final = {
    "subject.reference.id": Meaning.PATIENT_NUMBER,
    "basedOn[0].reference.id": Meaning.DOSSIER_NUMBER,
    "effectiveDateTime": Meaning.DOSSIER_COLLECTED_AT,
    "code.coding[0].code": Meaning.RESULT_TEST,
    "code.text": Meaning.RESULT_TEST_NAME,
    "valueQuantity.comparator": Meaning.RESULT_VALUE,
    "valueQuantity.value": Meaning.RESULT_VALUE,
    "valueCodeableConcept.coding[0].code": Meaning.RESULT_VALUE,
    "valueString": Meaning.RESULT_VALUE,
    "dataAbsentReason.coding[0].code": Meaning.RESULT_VALUE,
    "valueQuantity.code": Meaning.RESULT_UNIT,
    "referenceRange[0].low.value": Meaning.RESULT_LOW,
    "referenceRange[0].high.value": Meaning.RESULT_HIGH,
    "referenceRange[0].text": Meaning.RESULT_RANGE,
    "interpretation[0].text": Meaning.RESULT_FLAG,
    "status": Meaning.RESULT_STATUS,
    "performer[0].display": Meaning.RESULT_VALIDATED_BY,
    "note[0].text": Meaning.RESULT_COMMENT,
}
_MEANINGS: Final = {PEOPLE: _OF_PEOPLE, RESULTS: _OF_RESULTS}
_DAYS: Final = {Meaning.PATIENT_BORN_ON, Meaning.DOSSIER_COLLECTED_AT}
_STATUSES: Final[dict[str, Status]] = {
    "final": "final",
    "unknown": "unknown",
    "registered": "unknown",
    "preliminary": "unknown",
    "cancelled": "deleted",
    "entered-in-error": "deleted",
}


def scope(since: date, until: date) -> Scope:
    """What is read of an exit bundle: who somebody is and how to reach them, and their results."""
    return Scope(tuple(Table(name, tuple(columns)) for name, columns in _MEANINGS.items()), since, until)


def drawn(mandate: str, profile: str, catalogue: Catalogue, site: str, signed: Scope) -> Map:
    """The map of what was signed, where both sides name tests alike: results come to one site here.

    Raises:
        Refused: the mandate names something else than a bundle of an exit has.
    """
    tests = [test for test in catalogue.tests if test.orderable]
    return Map(
        mandate=mandate,
        profile=profile,
        system="urn:aliquot:patient",
        zone="UTC",
        mark=".",
        tables={table.name: dict(_columns(table)) for table in signed.tables},
        tests=tuple(Rule(test.code, test.code, ucum=test.ucum, same_method=True) for test in tests),
        units={test.ucum: test.ucum for test in tests if test.ucum},
        statuses={**_STATUSES},
        sexes={sex.value: sex for sex in Sex},
        flags={flag.value: flag for flag in Flag if flag.value},
        answers={test.code: {each.code: each.code for each in test.answers} for test in tests if test.answers},
        absent={reason: reason for reason in ("unknown", "temp-unknown", "not-performed", "error", "masked")},
        sites={"": site},
    )


def _columns(table: Table) -> Iterator[tuple[str, Column]]:
    for name in table.columns:
        if name not in _MEANINGS.get(table.name, {}):
            raise Refused(f"mandate: table {table.name}: {name} is not in what leaves another installation")
        yield name, _column(_MEANINGS[table.name][name])


def _column(means: Meaning) -> Column:
    return Column(means, forms=_FORMS) if means in _DAYS else Column(means)
