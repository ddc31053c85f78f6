"""A synthetic laboratory's reports: one of two pages in French, its corrected version in English, and parts to vary."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec

from aliquot.lab.content import (
    Hold,
    Laboratory,
    Observation,
    Reference,
    Report,
    ReportChange,
    ReportPatient,
    ReportResult,
    Requisition,
    Signature,
    Specimen,
)
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.quantities import Absent, Coded, Comparator, Quantity, Text, Value

AT = datetime(2026, 3, 27, 7, 42, tzinfo=UTC)
ORG = "0a1b2c3d"

LABORATORY = Laboratory(
    name="Laboratoire des Trois Fontaines",
    lines=("12, rue de l’Éolienne", "45000 Orléans", "FINESS 45 000 999 9"),
    phone="02 38 00 00 00",
    director="Dr Hélène Œuvray",
    accreditation="Accréditation Cofrac Examens médicaux, n° 8-0000, portée disponible sur www.cofrac.fr",
    time_zone="Europe/Paris",
    language="fr",
)
PATIENT = ReportPatient(
    patient=f"{ORG}0521aaaaaaaaaaaaaaaaaaaa",
    demography=Demography("Lefèvre-Garçon", ("Zoë", "Anaïs"), date(1958, 4, 3), Sex.FEMALE),
    birth_family="Garçon",
    file_number="T-204417",
    national_number="258044523400173",
)
REQUISITION = Requisition(
    "260327-0042", "Dr Benoît Château", "10100000017", AT - timedelta(hours=2), 7, Sex.FEMALE, "65 y", "routine"
)
TECHNICIAN = Signature("p-tech", "Inès Béranger", "technician", "technical", AT + timedelta(hours=3), "c0ffee01" * 4)
BIOLOGIST = Signature("p-bio", "Dr Hélène Œuvray", "biologist", "medical", AT + timedelta(hours=4), "c0ffee02" * 4)
SERUM = Specimen("2603270042-1", "serum", "serum-gel", ("NA", "K"), AT, AT + timedelta(minutes=55))
BLOOD = Specimen("2603270042-2", "whole-blood", "edta", ("HGB",), AT, AT + timedelta(minutes=55))


def number(text: str, ucum: str, comparator: Comparator = "") -> Quantity:
    """A measured value, digits kept."""
    return Quantity(Decimal(text), ucum, comparator)


def result(name: str, value: Value, flag: str = "", **changes: object) -> ReportResult:
    """One line; `changes` go to the line or to its content, by name."""
    code = "".join(letter for letter in name.upper() if letter.isalnum())[:10] or "EMPTY"
    content = Observation(
        test=code,
        loinc="",
        name=name,
        value=value,
        reference=None,
        flag=flag,
        holds=(),
        method="",
        device="AU-1",
        instrument_flags=(),
        collected_at=AT,
        measured_at=AT + timedelta(hours=2),
        run="r1",
        rules="rules-3",
        specimen_type="serum",
        signatures=(TECHNICIAN, BIOLOGIST),
    )
    line = ReportResult(f"{ORG}0521{code.encode().hex():0<20.20}", 1, "released", "chemistry", SERUM.accession, content)
    inner = {key: change for key, change in changes.items() if key in Observation.__struct_fields__}
    outer = {key: change for key, change in changes.items() if key not in inner}
    return msgspec.structs.replace(line, content=msgspec.structs.replace(content, **inner), **outer)


def between(low: str, high: str, text: str = "") -> Reference:
    """A range as it was applied."""
    return Reference(low, high, text)


_BLOOD = {"section": "haematology", "accession": BLOOD.accession, "specimen_type": "whole-blood"}
RESULTS = (
    result("Leucocytes", number("7.40", "10*9/L"), loinc="6690-2", reference=between("4.00", "10.00"), **_BLOOD),
    result("Hématies", number("4.52", "10*12/L"), loinc="789-8", reference=between("3.80", "5.90"), **_BLOOD),
    result(
        "Hémoglobine",
        number("118", "g/L"),
        "L",
        loinc="718-7",
        reference=between("120", "160"),
        method="Spectrophotométrie",
        **_BLOOD,
    ),
    result("Hématocrite", number("0.36", "L/L"), loinc="4544-3", reference=between("0.35", "0.46"), **_BLOOD),
    result("VGM", number("79.6", "fL"), "L", loinc="787-2", reference=between("80.0", "100.0"), **_BLOOD),
    result("Plaquettes", number("254", "10*9/L"), loinc="777-3", reference=between("150", "400"), **_BLOOD),
    result(
        "Frottis sanguin",
        Text("Anisocytose modérée, quelques hématies en cible."),
        comment="Aspect compatible avec une carence en fer ; à confronter à la ferritine.",
        **_BLOOD,
    ),
    result("Sodium", number("139", "mmol/L"), loinc="2951-2", reference=between("136", "145")),
    result(
        "Potassium",
        number("6.8", "mmol/L"),
        "HH",
        loinc="2823-3",
        reference=between("3.5", "5.1"),
        method="Potentiométrie indirecte",
        holds=(Hold("CRITICAL", "K-high"), Hold("SPECIMEN", "haemolysis index", "p-bio", "contrôlé")),
        comment="Contrôlé sur un second tube. Résultat téléphoné au prescripteur, relu et confirmé.",
    ),
    result("Chlorures", number("102", "mmol/L"), loinc="2075-0", reference=between("98", "107")),
    result("Glucose", number("5.20", "mmol/L"), loinc="14749-6", reference=between("3.90", "5.50", "à jeun")),
    result(
        "Créatinine",
        number("72.50", "umol/L"),
        loinc="14682-9",
        reference=between("45.00", "84.00"),
        method="Enzymatique",
    ),
    result("DFG estimé", number("78", "mL/min/{1.73_m2}"), reference=between("60", ""), method="CKD-EPI 2021"),
    result("Urée", number("5.6", "mmol/L"), loinc="22664-7", reference=between("2.5", "7.1")),
    result("ASAT", number("24", "U/L"), loinc="1920-8", reference=between("", "35")),
    result("ALAT", number("19", "U/L"), loinc="1742-6", reference=between("", "35")),
    result("Bilirubine conjuguée", number("0", "umol/L"), reference=between("", "5")),
    result("CRP", number("0.5", "mg/L", "<"), loinc="1988-5", reference=between("", "5.0"), method="Turbidimétrie"),
    result("Ferritine", number("8.0", "ug/L"), "L", loinc="20567-4", reference=between("15.0", "150.0")),
    result(
        "TSH", number("2.10", "m[IU]/L"), loinc="3016-3", reference=between("0.40", "4.00"), section="endocrinology"
    ),
    result("Troponine T", Absent("not-performed"), reference=between("", "14"), comment="Volume insuffisant."),
    result(
        "Magnésium",
        number("0.80", "mmol/L"),
        state="cancelled",
        reason="demandé deux fois sur la même prescription",
    ),
    result("Antigène HBs", Coded("http://snomed.info/sct", "260385009", "Négatif"), "NEG", section="serology"),
    result(
        "Anticorps anti-HBs",
        number("1000", "[IU]/L", ">="),
        section="serology",
        reference=between("10", "", "immunité"),
    ),
    result("Groupe ABO", Coded("urn:lab:abo", "A", "A"), section="immunohaematology", accession=BLOOD.accession),
)

FINAL = Report(
    report=f"{ORG}0521bbbbbbbbbbbbbbbbbbbb",
    version=1,
    status="final",
    replaces=0,
    laboratory=LABORATORY,
    patient=PATIENT,
    requisition=REQUISITION,
    specimens=(msgspec.structs.replace(SERUM, reason="RH"), BLOOD),
    results=RESULTS,
    pending=(),
    changes=(),
    comment="Anémie microcytaire, ferritine effondrée : carence martiale à explorer. Hyperkaliémie contrôlée.",
    signatures=(BIOLOGIST,),
    issued_at=AT + timedelta(hours=4, minutes=5),
    history_size=48213,
    history_root="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    sex=Sex.FEMALE,
    collected_on=date(2026, 3, 27),
)

CORRECTOR = Signature(
    "p-bio2", "Dr Owen Fairweather", "biologist", "correction", AT + timedelta(days=1), "c0ffee03" * 4
)


def corrected() -> Report:
    """Version 2, in English: the potassium of version 1 was wrong."""
    results = tuple(
        msgspec.structs.replace(
            line,
            version=2,
            content=msgspec.structs.replace(line.content, value=number("4.8", "mmol/L"), flag="", holds=(), comment=""),
        )
        if line.content.name == "Potassium"
        else line
        for line in RESULTS[7:15]
    )
    change = ReportChange(
        "POTASSIUM", "Potassium", "6.8 mmol/L HH", "4.8 mmol/L", "Tube of another patient was measured"
    )
    return msgspec.structs.replace(
        FINAL,
        version=2,
        status="corrected",
        replaces=1,
        laboratory=msgspec.structs.replace(LABORATORY, language="en", lines=("12 Éolienne Street", "45000 Orléans")),
        results=results,
        specimens=(SERUM,),
        changes=(change,),
        comment="",
        signatures=(CORRECTOR,),
        issued_at=AT + timedelta(days=1, minutes=5),
    )


def with_status(status: str, **changes: object) -> Report:
    """The French report in another state."""
    return msgspec.structs.replace(FINAL, status=status, **changes)
