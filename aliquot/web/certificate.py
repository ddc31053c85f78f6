"""The certificate of a closed migration as a document: PDF/A-3a and PDF/UA-1, in the laboratory's language.

The document is for people and for whoever audits them. What was signed is the digest of the certificate itself, which
stands on every page; whether it was signed is what custody says at the moment of printing.
"""

from datetime import datetime
from typing import Literal

import msgspec

from aliquot.custody import answers, steps
from aliquot.custody.steps import State, Step
from aliquot.disclosure import pdf, phrases
from aliquot.disclosure.phrases import Phrases
from aliquot.disclosure.sheet import Field
from aliquot.lab.content import Laboratory
from aliquot.legacy import closing
from aliquot.legacy.closing import Certificate
from aliquot.legacy.fates import Bin
from aliquot.terms.errors import Refused

_TONES = {"signed": "calm", "waiting": "careful", "other": "stop", "over": "stop"}


class Table(msgspec.Struct, frozen=True):
    """A table as it is read; `numbers` are the columns that stand to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()


class Sheet(msgspec.Struct, frozen=True):
    """The whole certificate, in reading order."""

    language: str
    words: dict[str, str]
    title: str
    laboratory: Laboratory
    mandate: str
    digest: str
    tone: str
    banner: str
    moved: tuple[Field, ...]
    counts: Table
    evidence: Table
    steps: Table
    erased: Table
    key: tuple[Field, ...]
    log: tuple[Field, ...]


def document(certificate: Certificate, laboratory: Laboratory, told: answers.Migration) -> bytes:
    """The PDF; equal content gives equal bytes. `told` is how far the migration is, as custody says it now.

    Raises:
        Refused: `told` is of another migration, or the laboratory's language is not one of ours.
    """
    sheet = compose(certificate, laboratory, told)
    return pdf.typeset("certificate.typ", {"sheet": pdf.data(sheet)}, at=certificate.made_at)


def compose(certificate: Certificate, laboratory: Laboratory, told: answers.Migration) -> Sheet:
    """Every word and number as it is read."""
    if told.id != certificate.mandate:
        raise Refused("certificate: this is not the migration that it speaks of")
    says = phrases.of(laboratory.language)
    word, stands = says.certificate, _standing(certificate, told)
    return Sheet(
        language=laboratory.language,
        words=says.words | word,
        title=word["title"],
        laboratory=laboratory,
        mandate=certificate.mandate,
        digest=closing.digest(certificate),
        tone=_TONES[stands],
        banner=_banner(stands, told, laboratory),
        moved=_moved(certificate, laboratory),
        counts=_counts(certificate, says),
        evidence=Table(
            (word["piece"], word["sha256"]),
            tuple((word[step], sha256) for step, sha256 in certificate.evidence.items()),
        ),
        steps=Table(
            (word["step"], word["at"], word["people"]),
            tuple((word[one.step], _instant(one.at, laboratory), _who(one, word)) for one in certificate.steps),
        ),
        erased=Table(
            (word["file"], word["bytes"], word["sha256"]),
            tuple((one.name, _number(one.bytes), one.sha256) for one in certificate.erased),
        ),
        key=(
            Field(word["key"], certificate.key),
            Field(word[_dies(certificate)], _instant(certificate.key_dies_by, laboratory)),
        ),
        log=(
            Field(word["log_text"].replace("{size}", _number(certificate.log.size)), certificate.log.root),
            Field(word["made"], _instant(certificate.made_at, laboratory)),
        ),
    )


def _standing(certificate: Certificate, told: answers.Migration) -> Literal["signed", "waiting", "other", "over"]:
    closed = next((one for one in told.steps if one.step == Step.CLOSE), None)
    if closed is not None:
        return "signed" if closed.evidence == closing.digest(certificate) else "other"
    return "over" if State(told.state) in steps.OVER else "waiting"


def _dies(certificate: Certificate) -> str:
    """The words for when the key dies; of a migration that ended without a signature it was dead already."""
    return "key_died" if certificate.steps[-1].state in closing.ENDED else "key_dies"


def _banner(stands: str, told: answers.Migration, laboratory: Laboratory) -> str:
    word, last = phrases.of(laboratory.language).certificate, told.steps[-1]
    said = {"at": _instant(last.at, laboratory), "people": _who(last, word), "state": word[last.step]}
    text = word[f"banner_{stands}"]
    for name, value in said.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _moved(certificate: Certificate, laboratory: Laboratory) -> tuple[Field, ...]:
    word = phrases.of(laboratory.language).certificate
    said = {
        "mandate": certificate.mandate,
        "purpose": certificate.purpose,
        "source": certificate.source,
        "loader": certificate.loader,
        "patients": _number(certificate.patients),
        "signed": _instant(certificate.signed_at, laboratory),
        "annex": certificate.annex,
        "scope": certificate.scope,
    }
    return tuple(Field(word[name], text) for name, text in said.items())


def _counts(certificate: Certificate, says: Phrases) -> Table:
    word = says.certificate
    return Table(
        (word["table"], word["rows"], *(word[bin_] for bin_ in Bin)),
        tuple((one.table, _number(one.rows), *(_number(one.bins[bin_]) for bin_ in Bin)) for one in certificate.tables),
        tuple(range(1, len(Bin) + 2)),
    )


def _instant(at: datetime, laboratory: Laboratory) -> str:
    return phrases.instant(at, laboratory.time_zone, laboratory.language)


def _who(step: answers.MigrationStep, word: dict[str, str]) -> str:
    return ", ".join(step.people) or word["time"]


def _number(count: int) -> str:
    return f"{count:,}".replace(",", "\u202f")
