from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path

import httpx2
import pytest
from pydantic import PostgresDsn
from tests.notifications.desk import NOW, Desk

from chassis import keyring
from chassis.keyring import Keyring
from chassis.runtime import Runtime
from chassis.transaction import Pool
from embedded.databases import Database
from embedded.issuer import Issuer
from notifications import http
from notifications.settings import Settings


@pytest.fixture
async def desk(
    database: Callable[[str], Awaitable[Database]],
    pool: Callable[[Database], Awaitable[Pool]],
    clock: Callable[[Database, datetime], Awaitable[None]],
    issuer: Issuer,
    tmp_path: Path,
) -> AsyncIterator[Desk]:
    """The notifications service on a database of its own, asked over ASGI, its clock stopped."""
    own = await database("notifications")
    keys = tmp_path / "keys.json"
    keyring.make(keys)
    settings = Settings(database_url=PostgresDsn(own.url), identity_keys=issuer.keys, personal_data_keys=keys)
    runtime = Runtime(settings, await pool(own), keys=Keyring(keys))
    transport = httpx2.ASGITransport(http.api(runtime))
    async with httpx2.AsyncClient(transport=transport, base_url="http://notifications") as client:
        made = Desk(own, runtime.pool, client, issuer, clock, tmp_path / "mailbox", runtime.keyring)
        await made.at(NOW)
        yield made
