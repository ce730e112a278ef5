"""The programme clock: a setting of each database that its `programme_clock()` reads at every call."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import asyncpg

OFFSET = "ieum.clock_offset"
AT = "ieum.clock_at"


async def shift(admin_urls: Iterable[str], offset: timedelta) -> None:
    """Lets the clocks of the databases go on, `offset` away from the machine's; acts at once everywhere."""
    seconds = f"{offset / timedelta(microseconds=1):.0f} microseconds"
    await _set(admin_urls, {OFFSET: seconds, AT: None})


async def stop_at(admin_urls: Iterable[str], moment: datetime) -> None:
    """Stops the clocks at an aware `moment`, so that a test can stand on a deadline's edge."""
    if moment.tzinfo is None:
        raise ValueError("The moment needs a time zone")
    await _set(admin_urls, {AT: moment.isoformat()})


async def move_to(admin_urls: Iterable[str], moment: datetime) -> timedelta:
    """Sets the clocks to an aware `moment`, from where they go on; gives the offset from the machine's."""
    urls = list(admin_urls)
    connection = await asyncpg.connect(urls[0])
    try:
        offset: timedelta = await connection.fetchval("select $1::timestamptz - clock_timestamp()", moment)
    finally:
        await connection.close()
    await shift(urls, offset)
    return offset


async def show(admin_url: str) -> datetime:
    """The programme clock of one database, in UTC."""
    connection = await asyncpg.connect(admin_url)
    try:
        moment: datetime = await connection.fetchval("select programme_clock()")
        return moment
    finally:
        await connection.close()


async def _set(admin_urls: Iterable[str], settings: dict[str, str | None]) -> None:
    for url in admin_urls:
        connection = await asyncpg.connect(url)
        try:
            name = await connection.fetchval("select current_database()")
            async with connection.transaction():
                for setting, value in settings.items():
                    change = "reset" if value is None else "set"
                    to = "" if value is None else f" = '{value}'"
                    await connection.execute(f'alter database "{name}" {change} "{setting}"{to}')
        finally:
            await connection.close()
