"""Runs a stack in the folder that is named until it is killed; for tests that do that."""

import asyncio
import sys
from pathlib import Path

from embedded import stack


async def main() -> None:
    async with stack.running(Path(sys.argv[1])) as running:
        running.describe().write(running.folder.run)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
