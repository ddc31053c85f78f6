"""Every act of the house: a small frozen class, named like its action in the policies.

What each may read and write stands in `custody.portions`; a test holds the two lists equal. `subject` is the patient,
the letter or the organization (`organization`) that the act is about; `work` the requisition in whose portion it works.
"""

from dataclasses import dataclass

from aliquot.terms.ids import Id, Org


@dataclass(frozen=True)
class Act:
    """One thing that somebody wants to do."""

    subject: Id
    work: bytes = b""


def organization(org: Org) -> Id:
    """The organization as the subject of an act."""
    return Id(org + bytes(12))


class FindPatient(Act):
    """Search by birth date and at most three letters of the name."""


class LookUpIdentifier(Act):
    """Find by an exact identifier: a file number, a national number, a tube's barcode."""


class FindTube(Act):
    """Find a tube by its barcode, and nothing else."""


class ShowCandidate(Act):
    """Show who one of the found patients is, to choose."""


class RegisterPatient(Act):
    """Make a person known to the laboratory."""


class OpenIdentity(Act):
    """Show who a patient is and how to reach them."""


class PlaceOrder(Act):
    """Ask for tests; `work` is the new requisition."""


class ConfirmOrder(Act):
    """A person stands for an order with a fresh factor."""


class PrintLabels(Act):
    """Print the labels of a requisition's tubes."""


class ReceiveSpecimen(Act):
    """Take a tube in."""


class RejectSpecimen(Act):
    """Refuse a tube, with a coded reason."""


class ListBench(Act):
    """Show a waiting tube by code, sex and age."""


class RecordResults(Act):
    """A device's observations of one tube are filed."""


class TypeResult(Act):
    """A technician types a result or cancels an analysis."""


class VerifyResults(Act):
    """The rules look at what was measured."""


class ValidateTechnically(Act):
    """It was measured properly."""


class ListValidation(Act):
    """Show that a dossier waits for a biologist."""


class OpenDossier(Act):
    """The whole dossier, with history, without what is restricted."""


class OpenRestricted(Act):
    """The whole dossier with what is restricted, for a stated purpose."""


class ValidateMedically(Act):
    """It is credible and coherent for this patient."""


class ReleaseReport(Act):
    """Issue a report version."""


class CorrectResult(Act):
    """Open a new version of a released result."""


class ReadReport(Act):
    """Read or hand over an issued report."""


class ReadLetter(Act):
    """Open a machine's letter."""


class KeepQuarantined(Act):
    """Keep a message that could not be filed."""


class RetryQuarantined(Act):
    """Take a message from quarantine and try again."""


class InspectQuarantined(Act):
    """Show a waiting message in masks."""


class RepairQuarantined(Act):
    """Change a code or the structure of a waiting message, or refuse it."""


class LoadHistory(Act):
    """Bring in a closed requisition of the past with its released results; `work` is the requisition."""


class CompareHistory(Act):
    """Look again at a requisition that was brought in, to compare it with what the old system says."""


class ExportDossier(Act):
    """Open what an export mandate names of a patient, to seal it for whom the mandate names."""


class RunExport(Act):
    """The exporter's own part of an export: see who is listed, and have parts of the bundle signed."""


class CompareDossier(Act):
    """Look at one of the dossiers that custody drew, beside what the old system said; `work` is the requisition."""


class JudgeDossier(Act):
    """Say whether such a dossier agrees with what the old system said; `work` is the requisition."""


class RunMigration(Act):
    """The loader's own part of a migration: report a step, name rows, compare people, open bundles."""


class CertifyMigration(Act):
    """Put down what was erased after a cut-over, for two people to read and sign."""


class ReadMigration(Act):
    """See how far a migration is, and what was signed for it."""


class StepMigration(Act):
    """Answer for the next step of a migration."""


class DecideMatch(Act):
    """Decide whether somebody who is brought in is a patient who is known already."""


class ReadCatalogue(Act):
    """Read the laboratory's catalogue."""


class PublishCatalogue(Act):
    """Put a new version of the catalogue in force."""


class Administer(Act):
    """Change who may do what."""


class ReadStaff(Act):
    """See who works here, what is enrolled, and which changes wait for a second person."""


class SignMandate(Act):
    """Permit bulk work, counted and dated."""


class ReadHistory(Act):
    """Ask who opened whom, when, as what and why."""


class ReviewNotice(Act):
    """Read and acknowledge a notice."""


class WatchBudgets(Act):
    """See how full the budgets are."""


class SettleActs(Act):
    """Find out how unfinished acts ended."""


ACTS: tuple[type[Act], ...] = tuple(Act.__subclasses__())
"""Every act, in the order of this page."""
