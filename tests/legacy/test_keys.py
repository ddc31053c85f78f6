"""Keys in scope, in little memory."""

import tracemalloc

from aliquot.legacy.keys import Keys


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
