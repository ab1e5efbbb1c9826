"""The post: sealed and signed files on their way between zones, in folders that belong to nobody."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from harmony.settings import POST_FOLDER

TTP: Final = "ttp"
PLATFORM: Final = "platform"
#: Ends of receipt files by the role of the key that signed them.
RECEIPT_ENDS: Final = {"t.sign": ".ttp.receipt.json", "h.sign": ".platform.receipt.json"}


def post_box(network: Path, receiver: str) -> Path:
    """Return the post folder of a receiver: ttp, platform, research, public or a provider's id."""
    return network / POST_FOLDER / receiver


def send(files: Mapping[str, Path], folder: Path) -> Path:
    """
    Copy files into a folder of the post, each visible only when it is whole; sending twice changes nothing.

    Parameters
    ----------
    files : mapping of str to Path
        Name at the receiver to the file to copy; the last one is written last, so put there what the
        receiver waits for.
    folder : Path
        Folder at the receiver.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in files.items():
        partial = folder / f".{name}.partial"
        shutil.copyfile(source, partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.rename(folder / name)
    return folder
