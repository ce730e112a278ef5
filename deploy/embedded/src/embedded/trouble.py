"""What can go wrong for reasons the reader of one sentence can put right."""

import errno
from pathlib import Path


class Trouble(Exception):  # noqa: N818 - it is shown to people, who have trouble rather than errors
    """One clear sentence about what is wrong and what to do; shown without a traceback, exit status 1."""


def of_disk(error: OSError, folder: Path) -> Trouble:
    """Says in one sentence what the operating system refused in `folder`."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Trouble(f"No space is left on the disk of {folder}; make room there and start again.")
    return Trouble(f"{folder} cannot be used: {error.strerror or error}.")
