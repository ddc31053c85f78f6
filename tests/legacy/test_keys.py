"""Keys in scope, in little memory."""

import tracemalloc

from aliquot.legacy.keys import Keys, Seen


def test_what_was_put_in_is_there_and_nothing_else() -> None:
    keys = Keys()
    keys.add(f"D{number}" for number in range(0, 200_000, 2))
    keys.add(["D0", "D2"])
    keys.settle()
    assert len(keys) == 100_000
    assert all(f"D{number}" in keys for number in range(0, 20_000, 2))
    assert not any(f"D{number}" in keys for number in range(1, 20_000, 2))


def test_a_key_takes_little_room_however_often_it_comes() -> None:
    tracemalloc.start()
    keys = Keys()
    for _ in range(20):
        keys.add(map(str, range(50_000)))
    keys.settle()
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 50_000 * 16 + 200_000
    assert most < 4_000_000 + 100_000


def test_a_row_is_known_again_however_long_ago_it_came_and_takes_little_room() -> None:
    tracemalloc.start()
    seen = Seen()
    rows = 60_000
    assert not any(seen.again((f"{number}", None, "NAT")) for number in range(rows))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < rows * 40
    assert all(seen.again((f"{number}", None, "NAT")) for number in range(0, rows, 97))
    assert not seen.again(("1", None, "GLY"))
