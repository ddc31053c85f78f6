"""The kinds of content that an act may or may not see, and how much harm a record of it can do.

The numbers are written into the associated data of every sealed record (`rtype`) and never change their meaning.
"""

from enum import IntEnum


class Kind(IntEnum):
    """What a sealed record is about. Identity is several kinds, so that nobody needs all of it for one purpose."""

    DEMOGRAPHY = 1
    """Names in use, birth date, sex: what a person is called by."""
    TRAITS = 2
    """Birth name, birth first names, birthplace code, trust in the identity."""
    IDENTIFIERS = 3
    """National number, file number, identifiers that other systems gave."""
    CONTACT = 4
    """Address, telephone, e-mail."""
    NOTE = 5
    """Free text about the patient: the class that does most harm, whatever is in it."""
    REQUISITION = 10
    """What came in together: prescriber, date, number."""
    ORDER = 11
    """One test or panel asked for."""
    CLINICAL_NOTE = 12
    """Free text that came with an order."""
    SPECIMEN = 20
    """One tube."""
    OBSERVATION = 30
    """One version of one result."""
    COMMENT = 31
    """Free text about a result."""
    IMPORT = 32
    """What an old system said about the results of one requisition, word for word: free text may be among it."""
    REPORT = 40
    """One version of a report, as it was signed."""
    DOCUMENT = 41
    """The rendered document of a report version."""
    DISCLOSURE = 42
    """To whom a report version went."""
    MESSAGE = 50
    """A machine's message, as it came."""
    QUARANTINE = 51
    """A message that could not be filed, under the organization, with the place that was unclear."""
    CATALOGUE = 60
    """One version of a laboratory's catalogue: tests, panels, limits, device mappings."""
    PAPER = 61
    """What the people of a migration sign, and how far it is: counts, names of columns and codes, and no patient."""
    CARD = 90
    """What custody itself keeps of a patient: the log's pseudonym, and what search needs. It is never given out."""


class Harm(IntEnum):
    """How much harm a record can do: written as the class of a sealed payload and known to custody."""

    NORMAL = 0
    SENSITIVE = 1
    RESTRICTED = 2
