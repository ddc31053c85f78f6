"""Where requisitions and their tubes stand, by routing columns only: ids, and nothing that is sealed."""

from datetime import datetime

import msgspec

from aliquot.lab.specimens import Found
from aliquot.record.models import Requisition, Specimen
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id, Org, org_of


class Open(msgspec.Struct, frozen=True):
    """One requisition of a patient that is not finished."""

    requisition: Id
    site: str
    priority: str
    awaits: str
    opened_at: datetime


class Standing(msgspec.Struct, frozen=True):
    """A tube, whose it is, and the site that expects it."""

    found: Found
    site: str


def of_patient(patient: Id) -> tuple[Open, ...]:
    """What a patient waits for, the newest first."""
    works = Requisition.objects.filter(subject=patient).exclude(awaits="nothing").order_by("-opened_at", "id")
    columns = works.values_list("id", "site", "priority", "awaits", "opened_at")
    return tuple(Open(_id(work), site, priority, awaits, at) for work, site, priority, awaits, at in columns)


def site_of(work: Id) -> str:
    """The site where a requisition was opened; nothing where there is no such requisition."""
    return Requisition.objects.filter(id=work).values_list("site", flat=True).first() or ""


def of_tube(org: Org, specimen: Id) -> Standing:
    """Whose a tube is.

    Raises:
        Refused: this laboratory has no such tube.
    """
    columns = Specimen.objects.filter(id=specimen).values_list("requisition_id", "requisition__subject_id", "site")
    if org_of(specimen) != org or not (found := columns.first()):
        raise Refused("specimen: this laboratory knows no such tube")
    requisition, subject, site = found
    return Standing(Found(specimen, _id(requisition), _id(subject)), site)


def _id(value: bytes | memoryview) -> Id:
    return Id(bytes(value))
