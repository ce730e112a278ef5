"""Runs a stack in the folder that is named until it is told to end, or killed; for tests that do that."""

import asyncio
import sys
from pathlib import Path
from signal import Signals

from embedded import stack


async def main() -> None:
    end = asyncio.Event()
    async with stack.running(Path(sys.argv[1])) as running:
        running.describe().write(running.folder.run)
        asyncio.get_running_loop().add_signal_handler(Signals.SIGTERM, end.set)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await end.wait()


if __name__ == "__main__":
    asyncio.run(main())
