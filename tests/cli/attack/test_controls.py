"""The table of controls."""

from aliquot.cli.attack import controls


def test_there_are_fifty_controls_each_once_but_those_tried_in_two_ways() -> None:
    assert len(controls.IDS) == 50
    twice = [one for one in controls.IDS if sum(control.id == one for control in controls.CONTROLS) > 1]
    assert twice == ["B4", "C1", "D1", "F4", "K2"]


def test_each_says_what_went_wrong_what_is_done_and_which_figure_is_wanted() -> None:
    for control in controls.CONTROLS:
        assert control.weakness
        assert control.does
        assert control.wanted


def test_controls_are_chosen_by_id() -> None:
    assert [control.id for control in controls.chosen(["F1", "C1"])] == ["C1", "C1", "F1"]
    assert controls.chosen([]) == controls.CONTROLS
