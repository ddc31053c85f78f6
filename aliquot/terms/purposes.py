"""Why somebody does something, in the codes of HL7 v3 PurposeOfUse: a purpose is said with every act and recorded."""

from enum import StrEnum


class Purpose(StrEnum):
    """The purpose of one act. The values are the standard's codes (`urn:oid:2.16.840.1.113883.5.8`)."""

    TREAT = "TREAT"
    """Treatment: the laboratory's work for a patient, from the order to the report."""
    BTG = "BTG"
    """Break the glass: no work explains it, somebody answers for it by name, and the privacy officer is told."""
    PATADMIN = "PATADMIN"
    """Patient administration: reception, identity, hand-over, a patient's own request."""
    HOPERAT = "HOPERAT"
    """Healthcare operations: the catalogue, quality, loading a past under a mandate."""
    HLEGAL = "HLEGAL"
    """Legal: answering a patient's right of access, a court, an incident."""
    HSYSADMIN = "HSYSADMIN"
    """Health system administration: people, sites, devices. Never a patient."""
