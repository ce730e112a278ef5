from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

import httpx2
import pytest
from pydantic import PostgresDsn
from tests.applications.town import Town

from applications import http
from applications.settings import Settings
from chassis.runtime import Runtime
from chassis.transaction import Pool
from embedded.databases import Database
from embedded.issuer import Issuer


@pytest.fixture
async def town(
    database: Callable[[str], Awaitable[Database]],
    pool: Callable[[Database], Awaitable[Pool]],
    clock: Callable[[Database, datetime], Awaitable[None]],
    issuer: Issuer,
) -> AsyncIterator[Town]:
    """The applications service on a database of its own, asked over ASGI."""
    own = await database("applications")
    settings = Settings(database_url=PostgresDsn(own.url), identity_keys=issuer.keys)
    runtime = Runtime(settings, await pool(own))
    transport = httpx2.ASGITransport(http.api(runtime))
    async with httpx2.AsyncClient(transport=transport, base_url="http://applications") as client:
        yield Town(own, runtime.pool, client, issuer, clock)
