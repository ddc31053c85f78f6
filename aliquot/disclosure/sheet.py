"""What stands on the paper of one report version: every word and number as it is read, before any typography.

Source: ISO 15189:2022, 7.4.1.6 to 7.4.1.8 (what a report carries).
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from aliquot.disclosure import cautions, lines, phrases
from aliquot.lab.content import Laboratory, Report, ReportChange, Signature, Specimen
from aliquot.terms import states

_HEADER_NAME = 60


class Field(msgspec.Struct, frozen=True):
    """A label and what stands beside it."""

    label: str
    text: str


class Tube(msgspec.Struct, frozen=True):
    """One line of the specimens."""

    accession: str
    specimen_type: str
    tube: str
    collected: str
    received: str
    remark: str
    defect: bool


class Section(msgspec.Struct, frozen=True):
    """The results of one discipline."""

    title: str
    lines: tuple[lines.Line, ...]


class Change(msgspec.Struct, frozen=True):
    """What a new version says differently about one result."""

    name: str
    before: str
    after: str
    reason: str


class Signer(msgspec.Struct, frozen=True):
    """Who signed for what."""

    meaning: str
    name: str
    role: str
    at: str
    act: str


class Sheet(msgspec.Struct, frozen=True):
    """The whole report, in reading order."""

    language: str
    words: dict[str, str]
    title: str
    laboratory: Laboratory
    identity: str
    patient: tuple[Field, ...]
    request: tuple[Field, ...]
    report: tuple[Field, ...]
    status: str
    replaces: int
    tone: str
    banner: str
    watermark: str
    critical: tuple[str, ...]
    changes: tuple[Change, ...]
    tubes: tuple[Tube, ...]
    reserve: str
    sections: tuple[Section, ...]
    pending: tuple[str, ...]
    comment: str
    signers: tuple[Signer, ...]
    report_number: str
    version: int
    issued: str
    history: str


def compose(report: Report) -> Sheet:
    """Lays out one report version. A withdrawn one keeps who, when and why, and no content of any examination."""
    laboratory = report.laboratory
    says = phrases.of(laboratory.language)
    withdrawn = report.status == states.Report.IN_ERROR
    issued = _instant(report.issued_at, laboratory)
    return Sheet(
        language=laboratory.language,
        words=says.words,
        title=says.words["withdrawal_title" if withdrawn else "title"],
        laboratory=laboratory,
        identity=_identity(report),
        patient=_patient(report),
        request=_request(report),
        report=_report(report, issued),
        status=phrases.named(says.status, report.status),
        replaces=report.replaces,
        tone=_tone(report.status),
        banner=says.words.get(f"banner_{report.status}", "").replace("{replaces}", str(report.replaces)),
        watermark=says.words.get(f"watermark_{report.status}", ""),
        critical=() if withdrawn else tuple(_critical(report)),
        changes=() if withdrawn else tuple(_change(each, laboratory.language) for each in report.changes),
        tubes=() if withdrawn else tuple(_tube(specimen, report) for specimen in report.specimens),
        reserve="" if withdrawn else _reserve(report),
        sections=() if withdrawn else tuple(_sections(report)),
        pending=() if withdrawn else report.pending,
        comment=report.comment,
        signers=tuple(_signers(report)),
        report_number=report.requisition.number,
        version=report.version,
        issued=issued,
        history=_history(report),
    )


def _tone(status: str) -> str:
    if status == states.Report.IN_ERROR:
        return "stop"
    if status in (states.Report.FINAL, states.Report.APPENDED):
        return "calm"
    return "careful"


def _instant(at: datetime | None, laboratory: Laboratory) -> str:
    if at is None:
        return phrases.of(laboratory.language).words["not_stated"]
    return phrases.instant(at, laboratory.time_zone, laboratory.language)


def _name(report: Report) -> str:
    demography = report.patient.demography
    return f"{demography.family.upper()} {' '.join(demography.given)}".strip()


def _change(said: ReportChange, language: str) -> Change:
    before, after = phrases.reported(said.before, language), phrases.reported(said.after, language)
    return Change(said.name, before, after, said.reason)


def _identity(report: Report) -> str:
    """The identity at the head of every page: enough to know a page that lies alone, on one line."""
    says = phrases.of(report.laboratory.language)
    name = _name(report)
    short = name if len(name) <= _HEADER_NAME else name[: _HEADER_NAME - 1] + "…"
    demography = report.patient.demography
    born = f"{says.words['born_short']} {phrases.day(demography.born_on, report.laboratory.language)}"
    file_number = f"{says.words['file_short']} {report.patient.file_number}"
    request = f"{says.words['request_short']} {report.requisition.number}"
    return " · ".join((short, born, phrases.named(says.sex, demography.sex), file_number, request))


def _patient(report: Report) -> tuple[Field, ...]:
    says, patient = phrases.of(report.laboratory.language), report.patient
    at = report.collected_on or report.issued_at.date()
    years = phrases.age(patient.demography.born_on, at)
    born = phrases.day(patient.demography.born_on, report.laboratory.language)
    fields = (
        Field(says.words["patient"], _name(report)),
        Field(
            says.words["birth_name"], patient.birth_family if patient.birth_family != patient.demography.family else ""
        ),
        Field(says.words["born"], f"{born} ({years} {says.words['age_unit']})"),
        Field(says.words["sex"], phrases.named(says.sex, patient.demography.sex)),
        Field(says.words["file_number"], patient.file_number),
        Field(says.words["national_number"], patient.national_number),
    )
    return _stated(fields)


def _request(report: Report) -> tuple[Field, ...]:
    words, requisition = phrases.of(report.laboratory.language).words, report.requisition
    fields = (
        Field(words["prescriber"], requisition.prescriber or words["no_prescriber"]),
        Field(words["prescriber_id"], requisition.prescriber_id),
        Field(words["requisition"], requisition.number),
        Field(words["ordered"], _instant(requisition.ordered_at, report.laboratory)),
    )
    return _stated(fields)


def _report(report: Report, issued: str) -> tuple[Field, ...]:
    words = phrases.of(report.laboratory.language).words
    version = str(report.version)
    if report.replaces:
        version += f" ({words['replaces']} {report.replaces})"
    return (Field(words["version"], version), Field(words["issued"], issued))


def _stated(fields: Iterable[Field]) -> tuple[Field, ...]:
    return tuple(field for field in fields if field.text)


def _critical(report: Report) -> Iterable[str]:
    language = report.laboratory.language
    says = phrases.of(language)
    for result in filter(cautions.is_critical, report.results):
        _, value, unit = lines.value_of(cautions.shown(result), says, language)
        flag = phrases.named(says.flags, result.content.flag)
        yield f"{result.content.name}{says.words['colon']}{value} {unit}".strip() + (f" ({flag})" if flag else "")


def _tube(specimen: Specimen, report: Report) -> Tube:
    says = phrases.of(report.laboratory.language)
    return Tube(
        accession=specimen.accession,
        specimen_type=phrases.named(says.specimens, specimen.specimen_type),
        tube=phrases.named(says.tubes, specimen.tube),
        collected=_instant(specimen.collected_at, report.laboratory),
        received=_instant(specimen.received_at, report.laboratory),
        remark=_remark(specimen, report, says),
        defect=bool(specimen.reason),
    )


def _reserve(report: Report) -> str:
    marked = any(cautions.visible(result) and cautions.doubtful(result, report) for result in report.results)
    return phrases.of(report.laboratory.language).words["reserve_warning"] if marked else ""


def _remark(specimen: Specimen, report: Report, says: phrases.Phrases) -> str:
    if not specimen.reason:
        return says.words["compliant"]
    decision = says.words["specimen_reserve" if cautions.with_reserve(specimen, report) else "specimen_rejected"]
    return f"{decision}{says.words['colon']}{phrases.named(says.defects, specimen.reason)}"


def _sections(report: Report) -> Iterable[Section]:
    says = phrases.of(report.laboratory.language)
    for code in dict.fromkeys(result.section for result in report.results):
        shown = tuple(lines.line(result, report) for result in report.results if result.section == code)
        yield Section(phrases.named(says.sections, code), shown)


def _signers(report: Report) -> Iterable[Signer]:
    says = phrases.of(report.laboratory.language)
    named: dict[tuple[str, str], Signature] = {}
    for signature in cautions.signatures(report):
        named[signature.person, signature.meaning] = signature
    for signature in named.values():
        yield Signer(
            meaning=phrases.named(says.words, signature.meaning),
            name=signature.name,
            role=phrases.named(says.roles, signature.role),
            at=_instant(signature.at, report.laboratory),
            act=signature.act,
        )


def _history(report: Report) -> str:
    words = phrases.of(report.laboratory.language).words
    size = f"{report.history_size:,}".replace(",", "\u202f")
    root = f"{words['history_root']} {report.history_root}"
    log = f"{words['history']}{words['colon']}{size} {words['history_size']}, {root}"
    return f"{words['report']} {report.report} · {log}"
