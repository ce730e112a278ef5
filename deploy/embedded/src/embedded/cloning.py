"""Databases for tests: migrated once as a template, copied for each test."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from embedded import databases
from embedded.databases import Database

Migrate = Callable[[str, str], None]
"""Runs the migrations of a service, given its name and the address of the schema's owner."""

LOCK: Final = 4611686018427387


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server, with the passwords of the services' roles on it.

    `session` tells the databases of one run of the tests from another's on the same server.
    """

    admin_url: str
    passwords: Mapping[str, str]
    session: str

    def addresses(self, service: str, name: str) -> Database:
        return databases.addresses(service, name, self.admin_url, self.passwords)


@asynccontextmanager
async def cloned(server: Server, service: str, migrate: Migrate) -> AsyncIterator[Database]:
    """A database of `service` as its migrations leave it, removed at the end with whoever is still in it."""
    template = await _template(server, service, migrate)
    name = f"{server.session}_{service}_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(server.admin_url)
    try:
        await databases.ensure_database(admin, service, name, template)
        try:
            yield server.addresses(service, name)
        finally:
            await admin.execute(f'drop database "{name}" with (force)')
    finally:
        await admin.close()


async def drop_all(server: Server) -> None:
    """Removes what this session left."""
    admin = await asyncpg.connect(server.admin_url)
    try:
        pattern = f"{server.session}\\_%"
        for row in await admin.fetch("select datname from pg_database where datname like $1", pattern):
            await admin.execute(f'drop database "{row["datname"]}" with (force)')
    finally:
        await admin.close()


async def _template(server: Server, service: str, migrate: Migrate) -> str:
    name = f"{server.session}_template_{service}"
    admin = await asyncpg.connect(server.admin_url)
    try:
        exists = "select true from pg_database where datname = $1"
        if await admin.fetchval(exists, name):
            return name
        # Workers of one session meet here; the first one makes it, under its name only once it is whole.
        await admin.execute("select pg_advisory_lock($1)", LOCK)
        if not await admin.fetchval(exists, name):
            await _make_template(admin, server, service, name, migrate)
    finally:
        await admin.close()
    return name


async def _make_template(
    admin: asyncpg.Connection, server: Server, service: str, name: str, migrate: Migrate
) -> None:
    new = f"{name}_new"
    await admin.execute(f'drop database if exists "{new}" with (force)')
    await databases.ensure_database(admin, service, new)
    addresses = server.addresses(service, new)
    await databases.grant_schema(addresses.admin_url, service)
    await asyncio.to_thread(migrate, service, addresses.owner_url)
    await admin.execute(f'alter database "{new}" rename to "{name}"')
