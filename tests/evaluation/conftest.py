from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

import httpx2
import pytest
from pydantic import PostgresDsn
from tests.evaluation.town import Town

from chassis.runtime import Runtime
from chassis.transaction import Pool
from embedded.databases import Database
from embedded.issuer import Issuer
from evaluation import http
from evaluation.settings import Settings


@pytest.fixture
async def town(
    database: Callable[[str], Awaitable[Database]],
    pool: Callable[[Database], Awaitable[Pool]],
    clock: Callable[[Database, datetime], Awaitable[None]],
    issuer: Issuer,
) -> AsyncIterator[Town]:
    """The evaluation service on a database of its own, asked over ASGI."""
    own = await database("evaluation")
    settings = Settings(
        database_url=PostgresDsn(own.url), identity_keys=issuer.keys, offer_sweep_seconds=0.05
    )
    runtime = Runtime(settings, await pool(own))
    transport = httpx2.ASGITransport(http.api(runtime))
    async with httpx2.AsyncClient(transport=transport, base_url="http://evaluation") as client:
        yield Town(own, runtime, client, issuer, clock)
