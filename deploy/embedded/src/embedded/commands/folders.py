"""`embedded clean`."""

import shutil

from embedded import processes
from embedded.commands import HERE, Where
from embedded.folder import Folder


def clean(folder: Where = HERE) -> None:
    """Remove the working folder with all that is in it."""
    there = Folder(folder)
    if not there.path.exists():
        return
    with there.held(room=0):
        processes.end_stale(there.pids)
        shutil.rmtree(there.path)
