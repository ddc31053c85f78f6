"""B2: somebody of the house who looks where there is no work."""

from random import Random

from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.thief import Thief
from aliquot.custody.portions import PORTIONS, About
from aliquot.terms.purposes import Purpose


def the_other_laboratory(ground: Ground) -> Measured:
    """A technician of one laboratory tries every act about a patient, for every purpose, on patients of the other."""
    thief = Thief(ground)
    chance = Random(3)  # noqa: S311  # it chooses whom
    patients = chance.sample(ground.sud.patients, min(ground.scale.strangers, len(ground.sud.patients)))
    works = {work.patient: work.requisition for work in ground.sud.works}
    names = [name for name, portion in PORTIONS.items() if portion.about is About.PATIENT]
    thief.watch(patients)
    try:
        ticket = ground.world.sign_in("technician@nord").ticket
        granted = 0
        for patient in patients:
            work = works.get(patient, b"")
            acts = [thief.act(name, patient, Purpose.TREAT, work) for name in names]
            acts += [thief.act(name, patient, Purpose.BTG, work, reason="emergency") for name in names]
            granted += sum(one is not None for one in thief.try_(ticket, acts))
        return Measured(
            f"{len(thief.booty)} of {len(patients):,} patients opened; {granted} acts granted",
            holds=not thief.booty and not granted,
        )
    finally:
        thief.close()
