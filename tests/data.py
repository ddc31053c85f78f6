"""Where the real inputs are that nobody here wrote: beside the checkout, or where ALIQUOT_DATA says."""

import os
from pathlib import Path


def folder(name: str) -> Path:
    """One folder of the shared data; missing data is an error and never a reason to pass."""
    root = Path(os.environ.get("ALIQUOT_DATA") or Path(__file__).parents[2] / "shared" / "data")
    found = root / name
    if not found.is_dir():
        raise FileNotFoundError(f"the shared test data folder {name} is not beside the checkout; set ALIQUOT_DATA")
    return found
