"""The words that a working day plants, before anybody looks for them."""

from aliquot.cli.attack.workday import Planted
from aliquot.terms import identifiers


def test_no_two_dossiers_of_a_long_day_have_one_number() -> None:
    """A fast machine registers more than a thousand people between the kills."""
    numbers = {identifiers.nir(Planted(number).nir) for number in range(5000)}
    assert len(numbers) == 5000


def test_each_dossier_has_its_own_words() -> None:
    assert len({word for number in range(1200) for word in Planted(number).words}) == 7 * 1200
