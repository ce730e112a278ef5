"""Each service's roles reach its own database, and there only what they are for."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from embedded import clock, databases
from embedded.cloning import Server
from embedded.databases import SERVICES, Database

Make = Callable[[str], Awaitable[Database]]


def elsewhere(url: str, name: str) -> str:
    """The same role's address of another database."""
    before, _, options = url.partition("?")
    return f"{before.rpartition('/')[0]}/{name}?{options}"


async def run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_neither_role_of_a_service_reaches_another_database(postgres: Server, service: str) -> None:
    own = databases.addresses(service, service, postgres.admin_url, postgres.passwords)
    for url in (own.url, own.owner_url):
        await run(url, "select 1")
        for other in {*SERVICES, "postgres", "template1"} - {service}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
                await asyncpg.connect(elsewhere(url, other))


async def test_a_clone_is_closed_to_the_other_services(database: Make, postgres: Server) -> None:
    own = await database("applications")
    stranger = databases.addresses("evaluation", own.name, postgres.admin_url, postgres.passwords)
    for url in (stranger.url, stranger.owner_url):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
            await asyncpg.connect(url)


async def test_a_wrong_password_is_refused(postgres: Server) -> None:
    passwords = {**postgres.passwords, "applications": "guessed"}
    own = databases.addresses("applications", "applications", postgres.admin_url, passwords)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(own.url)


async def test_the_run_time_role_works_with_data_and_defines_nothing(database: Make) -> None:
    own = await database("applications")
    await run(
        own.owner_url,
        "create schema later",
        "create table later.thing (id bigserial primary key, name text)",
        "create function later.double(n int) returns int language sql as 'select 2 * n'",
    )
    await run(
        own.url,
        "insert into later.thing (name) values ('one')",
        "update later.thing set name = later.double(1)::text",
        "delete from later.thing where id = 1",
    )
    for forbidden in (
        "create table mine (id int)",
        "create schema mine",
        "alter table later.thing add column more text",
        "drop table later.thing",
        "truncate later.thing",
        "create temporary table mine (id int)",
        "alter database current set \"ieum.clock_offset\" = '1 day'",
    ):
        statement = forbidden.replace("database current", f'database "{own.name}"')
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run(own.url, statement)


async def test_preparing_twice_changes_nothing(postgres: Server) -> None:
    async def privileges() -> list[str]:
        seen = []
        for service in SERVICES:
            addresses = databases.addresses(service, service, postgres.admin_url, postgres.passwords)
            connection = await asyncpg.connect(addresses.admin_url)
            try:
                queries = (
                    "select datacl::text from pg_database where datname = current_database()",
                    "select nspacl::text from pg_namespace where nspname = 'public'",
                    "select string_agg(defaclacl::text, ' ' order by defaclobjtype) from pg_default_acl",
                )
                seen.extend([await connection.fetchval(query) for query in queries])
            finally:
                await connection.close()
        return seen

    before = await privileges()
    await databases.prepare(postgres.admin_url, postgres.passwords)
    assert await privileges() == before


async def test_a_clone_has_what_the_migrations_made_and_nothing_of_another_test(database: Make) -> None:
    one, other = await database("applications"), await database("applications")
    await run(one.owner_url, "create table only_here (id int)")
    with pytest.raises(asyncpg.UndefinedTableError):
        await run(other.url, "select * from only_here")
    for clone in (one, other):
        await run(clone.url, "select * from messaging.outbox")


async def test_the_programme_clock_moves_at_once_in_an_open_session(database: Make) -> None:
    own, other = await database("applications"), await database("placement")
    urls = [own.admin_url, other.admin_url]
    connection = await asyncpg.connect(own.url)
    try:
        machine = await connection.fetchval("select clock_timestamp()")
        await clock.shift(urls, timedelta(days=-40))
        shifted = await connection.fetchval("select programme_clock()")
        assert abs(shifted - machine + timedelta(days=40)) < timedelta(seconds=30)

        edge = datetime(2025, 2, 14, 8, 59, 59, 999999, tzinfo=UTC)
        await clock.stop_at(urls, edge)
        assert await connection.fetchval("select programme_clock()") == edge
        assert await clock.show(other.admin_url) == edge

        await clock.move_to(urls, edge)
        moved = await connection.fetchval("select programme_clock()")
        assert edge <= moved < edge + timedelta(seconds=30)
        assert await connection.fetchval("select programme_clock()") > moved
    finally:
        await connection.close()


async def test_a_moment_without_a_time_zone_is_refused(database: Make) -> None:
    own = await database("applications")
    with pytest.raises(ValueError, match="time zone"):
        await clock.stop_at([own.admin_url], datetime(2025, 2, 14))  # noqa: DTZ001 - what is tested
