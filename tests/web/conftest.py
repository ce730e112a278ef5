from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount
from tests.web.things import TABLES, Issuer, Things, build, meeting

from chassis.transaction import Pool
from embedded.databases import Database


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    issuer = Issuer(tmp_path / "jwks.json")
    issuer.publish()
    return issuer


def _client(app: FastAPI) -> httpx2.AsyncClient:
    # Mounted as the chassis does it, below its health routes.
    mounted = Starlette(routes=[Mount("/", app)])
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(mounted), base_url="http://things")


@pytest.fixture
async def things(
    database: Callable[[str], Awaitable[Database]],
    pool: Callable[[str | Database], Awaitable[Pool]],
    issuer: Issuer,
) -> AsyncIterator[Things]:
    """The API of things on a database of its own."""
    where = await database("notifications")
    owner = await asyncpg.connect(where.owner_url)
    await owner.execute(TABLES)
    await owner.close()
    connections = await pool(where)
    app = build(connections, where.url, issuer.file)
    meeting.attempts = 0
    async with _client(app) as client:
        yield Things(app, connections, issuer, client, where)


@pytest.fixture
async def edge(issuer: Issuer) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the same API where no request comes as far as the database."""
    url = "postgresql://nobody@127.0.0.1:1/nowhere"
    app = build(Pool(asyncpg.create_pool(url, min_size=0)), url, issuer.file)
    async with _client(app) as client:
        yield client
