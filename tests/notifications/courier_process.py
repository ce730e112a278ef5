"""The service's mail worker alone, as a process that can be killed: the environment says what it does."""

import asyncio
import signal

from chassis import faults
from chassis.keyring import Keyring
from chassis.runtime import Runtime
from chassis.transaction import open_pool
from notifications.settings import Settings
from notifications.worker import courier


async def main() -> None:
    settings = Settings()
    faults.arm(settings.crash_at)
    pool = await open_pool(str(settings.database_url), connections=3)
    runtime = Runtime(settings, pool, keys=Keyring(settings.personal_data_keys))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runtime.stopping.set)
    await courier(runtime)
    await pool.close()


asyncio.run(main())
