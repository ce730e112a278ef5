"""Starts a child in the folder that is named, and waits to be killed; for a test that does that."""

import os
import signal
import sys
from pathlib import Path

from embedded.processes import Child, Program


def main() -> None:
    folder = Path(sys.argv[1])
    sleeps = "import time; print('awake', flush=True); time.sleep(600)"
    Child.start(
        Program(
            "sleeper",
            [sys.executable, "-I", "-S", "-c", sleeps],
            {"PATH": os.defpath},
            folder / "sleeper.log",
            folder / "pids",
        )
    )
    signal.pause()


if __name__ == "__main__":
    main()
