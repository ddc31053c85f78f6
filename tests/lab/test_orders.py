from tests.lab import desk
from tests.lab.desk import JEANNE
from tests.world import World


def test_a_panel_and_a_test_become_orders_and_the_tubes_they_need(lab: World) -> None:
    secretary = desk.desk(lab, "secretary@nord")
    patient = secretary.register()
    placed = secretary.place(patient, desk.wanted("HB", "HIV", panels=("IONS",)))
    assert list(placed.orders) == ["HB", "HIV", "NA", "K"]
    assert [tube.need.tests for tube in placed.tubes] == [("HB",), ("HIV", "NA", "K")]
    labels = secretary.labels(patient, placed)
    assert [label.accession for label in labels] == [tube.need.accession for tube in placed.tubes]
    assert {(label.family, label.given_initial, label.born_on) for label in labels} == {
        ("Zélande", "J", JEANNE.born_on)
    }
