"""Four databases, each with an owner of its schema and a run-time role, neither of which reaches another."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from embedded.trouble import Trouble

SERVICES: Final = ("applications", "evaluation", "placement", "notifications")

_DATABASE: Final = """
revoke all on database "{name}" from public;
grant connect on database "{name}" to "{service}";
grant connect, create, temporary on database "{name}" to "{service}_owner";
"""
_SCHEMA: Final = """
revoke all on schema public from public;
grant usage on schema public to "{service}";
grant usage, create on schema public to "{service}_owner";
alter default privileges for role "{service}_owner" grant usage on schemas to "{service}";
alter default privileges for role "{service}_owner"
  grant select, insert, update, delete on tables to "{service}";
alter default privileges for role "{service}_owner" grant usage on sequences to "{service}";
alter default privileges for role "{service}_owner" grant execute on functions to "{service}";
"""


@dataclass(frozen=True, slots=True)
class Database:
    """How a service (`url`, data only) and its migrations (`owner_url`, definitions) reach a database.

    `admin_url` is the superuser's address of it.
    """

    name: str
    url: str
    owner_url: str
    admin_url: str


@contextmanager
def refusals_told() -> Iterator[None]:
    """Raises: Trouble: PostgreSQL refused what was done inside."""
    try:
        yield
    except asyncpg.PostgresError as error:
        raise Trouble(f"PostgreSQL refused: {error}") from error


def new_passwords() -> dict[str, str]:
    """A password for the admin and for both roles of each service."""
    roles = ["admin", *(role for service in SERVICES for role in (service, f"{service}_owner"))]
    return {role: secrets.token_urlsafe(18) for role in roles}


def addresses(service: str, name: str, admin_url: str, passwords: Mapping[str, str]) -> Database:
    """The addresses of the database `name` of `service`, on the server of `admin_url`."""
    server, _, options = admin_url.partition("@")[2].partition("?")
    where = server.partition("/")[0]
    options = f"?{options}" if options else ""
    owner = f"{service}_owner"
    return Database(
        name=name,
        url=f"postgresql://{service}:{passwords[service]}@{where}/{name}{options}",
        owner_url=f"postgresql://{owner}:{passwords[owner]}@{where}/{name}{options}",
        admin_url=f"{admin_url.partition('@')[0]}@{where}/{name}{options}",
    )


async def prepare(admin_url: str, passwords: Mapping[str, str]) -> dict[str, Database]:
    """Makes what is missing of roles, databases and grants; a second call changes nothing.

    Returns:
        The database of each service.
    """
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute("revoke connect on database postgres, template1 from public")
        for service in SERVICES:
            await _ensure_roles(connection, service, passwords)
            await ensure_database(connection, service, service)
    finally:
        await connection.close()
    made = {service: addresses(service, service, admin_url, passwords) for service in SERVICES}
    for service, database in made.items():
        await grant_schema(database.admin_url, service)
    return made


async def _ensure_roles(connection: asyncpg.Connection, service: str, passwords: Mapping[str, str]) -> None:
    for role in (service, f"{service}_owner"):
        exists = await connection.fetchval("select true from pg_roles where rolname = $1", role)
        verb = "alter" if exists else "create"
        # A statement of definition takes no parameters; passwords are base64 of our own making.
        await connection.execute(f"{verb} role \"{role}\" login password '{passwords[role]}'")


async def ensure_database(
    connection: asyncpg.Connection, service: str, name: str, template: str | None = None
) -> None:
    """Makes the database `name` for the roles of `service`, as a copy of `template` where one is given."""
    if not await connection.fetchval("select true from pg_database where datname = $1", name):
        # Through the log is three times as fast as by file (54 against 168 ms), which needs two checkpoints.
        source = f'template "{template}" strategy wal_log' if template else ""
        await connection.execute(f'create database "{name}" {source}')
    await connection.execute(_DATABASE.format(name=name, service=service))


async def grant_schema(admin_url: str, service: str) -> None:
    """Gives the owner the right to define, and the run-time role data in all that the owner defines."""
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(_SCHEMA.format(service=service))
    finally:
        await connection.close()
