"""Files that people write by hand (TOML) and bring to a desk or a word: as what they should be, or refused by place.

They come from anywhere. The reader of the standard library takes time that grows with the square of the parts of one
dotted key, and gives up on a deep nest without saying so.
"""

import re
import tomllib
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from aliquot.terms.errors import Refused

T = TypeVar("T")

LONGEST = 2**20
"""Characters; the largest maps have a fifth of it."""
_PARTS = 32
_DEEP = 32
_TEXTS = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')


def read(toml: str, kind: type[T], what: str) -> T:
    """The file as a `kind`; numbers with a fraction are exact.

    Raises:
        Refused: it is not TOML, or has a key that is not known; the message begins with `what` and names the place.
    """
    if len(toml) > LONGEST:
        raise Refused(f"{what}: longer than anybody writes by hand")
    for number, line in enumerate(toml.splitlines(), 1):
        bare = _TEXTS.sub("", line)
        if bare.count(".") > _PARTS or bare.count("[") + bare.count("{") > _DEEP:
            raise Refused(f"{what}: too many parts in one line (at line {number})")
    try:
        found: dict[str, Any] = tomllib.loads(toml, parse_float=Decimal)
        return msgspec.convert(found, kind)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Refused(f"{what}: {error}") from None
    except RecursionError:
        raise Refused(f"{what}: too deep a nest") from None
