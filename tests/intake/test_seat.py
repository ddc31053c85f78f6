import os
import stat
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.intake import seat
from aliquot.terms.errors import Refused
from tests.intake.post import LETTER_KEY, LISTENER, Seated


def test_a_seat_is_read_as_it_was_written_and_its_file_is_closed_to_others(tmp_path: Path) -> None:
    seated = Seated(tmp_path)
    found = seat.read(seated.listen)
    assert (found.listener, found.slot) == (LISTENER, LETTER_KEY.slot())
    assert found.key.private_bytes_raw() == seated.key.private_bytes_raw()
    assert stat.S_IMODE(seated.listen.key.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    seated = Seated(tmp_path)
    os.chmod(seated.listen.key, mode)
    with pytest.raises(Refused, match="open to other users"):
        seat.read(seated.listen)


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    seated = Seated(tmp_path)
    with pytest.raises(Refused, match="there already"):
        seat.write(seated.listen.key, LISTENER, Ed25519PrivateKey.generate())
    assert seat.read(seated.listen).key.private_bytes_raw() == seated.key.private_bytes_raw()


def test_a_file_that_is_missing_or_cut_is_refused_by_its_path(tmp_path: Path) -> None:
    listen = Seated(tmp_path).listen
    with pytest.raises(Refused, match="nowhere cannot be read"):
        seat.read(msgspec.structs.replace(listen, key=tmp_path / "nowhere"))
    listen.letterbox_public.write_bytes(LETTER_KEY.slot()[:-1])
    with pytest.raises(Refused, match=r"letterbox\.pub has the wrong length"):
        seat.read(listen)
