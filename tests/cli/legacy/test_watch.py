"""What is seen of a long reading: each table that was read has come to its end, and one that is read again says so."""

import pytest

from aliquot.cli.legacy.watch import Watch


def test_a_table_that_was_read_is_whole_and_one_that_comes_again_is_told_apart() -> None:
    with Watch() as watch:
        watch.read("DOS", 121, 0, 0)
        watch.read("RES", 900, 10, 40)
        assert [task.finished for task in watch.bar.tasks] == [True, False]
        watch.read("DOS", 1, 0, 0)
    assert [(task.description, task.finished) for task in watch.bar.tasks] == [
        ("DOS", True),
        ("RES", True),
        ("DOS (again)", True),
    ]
    assert [task.fields["said"] for task in watch.bar.tasks] == ["121 rows", "900 rows", "1 row"]


def test_what_was_stopped_is_not_shown_as_whole() -> None:
    watch = Watch()
    watch.read("DOS", 121, 3, 40)
    with pytest.raises(KeyboardInterrupt), watch:
        raise KeyboardInterrupt
    assert [task.finished for task in watch.bar.tasks] == [False]
