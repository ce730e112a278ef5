"""Each service's roles reach its own database, and there only what they are for."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from embedded import clock
from embedded.databases import SERVICES, Database

Make = Callable[[str], Awaitable[Database]]


def elsewhere(url: str, name: str) -> str:
    """The same role's address of another database."""
    before, _, options = url.partition("?")
    return f"{before.rpartition('/')[0]}/{name}?{options}"


@pytest.mark.parametrize("service", SERVICES)
async def test_neither_role_of_a_service_reaches_another_database(database: Make, service: str) -> None:
    own = await database(service)
    for url in (own.url, own.owner_url):
        for other in {*SERVICES, "postgres", "template1"} - {service}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
                await asyncpg.connect(elsewhere(url, other))


async def test_a_wrong_password_is_refused(database: Make) -> None:
    own = await database("applications")
    before, _, after = own.url.partition("@")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"{before}x@{after}")
