"""The nouns, for Django, which looks for them here."""

from aliquot.record.act import Act
from aliquot.record.message import Message
from aliquot.record.requisition import Requisition
from aliquot.record.specimen import Specimen
from aliquot.record.subject import Subject
from aliquot.record.token import Token
from aliquot.record.version import Version

__all__ = ("Act", "Message", "Requisition", "Specimen", "Subject", "Token", "Version")
