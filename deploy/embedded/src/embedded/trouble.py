"""What can go wrong for reasons the reader of one sentence can put right."""

import errno
import shutil
from pathlib import Path
from typing import Final

NO_SPACE: Final = "No space is left on the disk of {folder}; make room there and start again."
FULL: Final = 16 * 1024 * 1024
"""Bytes below which a disk is held to be the reason why a server gave up: both write files of this size."""


class Trouble(Exception):  # noqa: N818 - it is shown to people, who have trouble rather than errors
    """One clear sentence about what is wrong and what to do; shown without a traceback, exit status 1."""


def of_disk(error: OSError, folder: Path) -> Trouble:
    """Says in one sentence what the operating system refused in `folder`."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Trouble(NO_SPACE.format(folder=folder))
    return Trouble(f"{folder} cannot be used: {error.strerror or error}.")


def of_server(what: str, folder: Path) -> Trouble:
    """Says why a server failed: `what` is its own words, but a full disk it describes in many ways."""
    if shutil.disk_usage(folder).free < FULL:
        return Trouble(NO_SPACE.format(folder=folder))
    return Trouble(what)
