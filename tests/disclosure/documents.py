"""Looks at documents the way their readers do: with the machine's own programs."""

import io
import shutil
import subprocess
from pathlib import Path

import pypdf


def program(name: str) -> str:
    """Where a program of the machine is; a missing one is an error and never a reason to pass."""
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not on this machine (Debian: poppler-utils, zbar-tools, dmtx-utils)")
    return found


def pages(document: bytes) -> list[str]:
    """The text of each page, spaces and line ends made one space, and ligatures taken apart."""
    reader = pypdf.PdfReader(io.BytesIO(document))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def pictures(document: bytes, folder: Path, dots_per_inch: int) -> list[Path]:
    """Each page as a picture."""
    source = folder / "document.pdf"
    source.write_bytes(document)
    command = [program("pdftoppm"), "-png", "-r", str(dots_per_inch), str(source), str(folder / "page")]
    subprocess.run(command, check=True, capture_output=True)
    return sorted(folder.glob("page*.png"))


def barcode(picture: Path) -> str:
    """What a scanner reads."""
    done = subprocess.run([program("zbarimg"), "--quiet", str(picture)], check=True, capture_output=True, text=True)
    return done.stdout.strip()
