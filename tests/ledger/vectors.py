"""Cases that any other language could run, as they were committed."""

import json
from pathlib import Path
from typing import Any


def load(name: str) -> Any:  # Any: each file has its own shape, and the test that reads it knows it
    return json.loads((Path(__file__).parents[1] / "vectors" / "ledger" / f"{name}.json").read_text())
