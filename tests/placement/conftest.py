from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import httpx2
import pytest
from pydantic import PostgresDsn
from tests.placement.world import World

from chassis import keyring
from chassis.keyring import Keyring
from chassis.runtime import Runtime
from chassis.transaction import Pool
from embedded.databases import Database
from embedded.issuer import Issuer
from placement import http
from placement.settings import Settings

Clock = Callable[[Database, datetime], Awaitable[None]]


@asynccontextmanager
async def served(own: Database, pool: Pool, folder: Path, clock: Clock) -> AsyncIterator[World]:
    """The placement service on a database, asked over ASGI."""
    issuer, keys = Issuer.open(folder), folder / "placement_keys.json"
    keyring.make(keys)
    settings = Settings(database_url=PostgresDsn(own.url), identity_keys=issuer.keys, personal_data_keys=keys)
    runtime = Runtime(settings, pool, keys=Keyring(keys))
    transport = httpx2.ASGITransport(http.api(runtime))
    async with httpx2.AsyncClient(transport=transport, base_url="http://placement") as client:
        yield World(own, pool, client, issuer, clock, runtime.keyring)


@pytest.fixture
async def world(
    database: Callable[[str], Awaitable[Database]],
    pool: Callable[[Database], Awaitable[Pool]],
    clock: Clock,
    tmp_path: Path,
) -> AsyncIterator[World]:
    """The placement service on a database of its own, asked over ASGI."""
    own = await database("placement")
    async with served(own, await pool(own), tmp_path, clock) as made:
        yield made
