"""The id of a paper, held to values that any other language could compute (docs/formats/papers.md)."""

from aliquot.terms import papers
from aliquot.terms.papers import Paper

MANDATE = bytes.fromhex("0000000105479730da2ad4852c2a096b")
OTHER = bytes.fromhex("0000000105479730da2ad4852c2a096c")


def test_the_id_of_a_paper_is_the_one_that_is_written_down() -> None:
    assert papers.identity(MANDATE, Paper.MAP).hex() == "000000010547d645f6dd731f4095bb82"


def test_each_paper_of_each_migration_has_its_own() -> None:
    assert len(papers.identities(MANDATE) | papers.identities(OTHER)) == 2 * len(Paper)
