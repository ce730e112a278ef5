"""Three years of simulated data, written by SQL."""

from pathlib import Path
from typing import Final

import asyncpg

YEARS: Final = (2023, 2024, 2025)
STUDENTS: Final = 6000
"""A year, twenty to a class; of each ten, seven are placed, one signs, one has an offer, one searches."""

_SQL: Final = Path(__file__).with_suffix(".sql")


async def fill(owner_url: str) -> None:
    """Write it into an empty database of the placement service, as its owner."""
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(_SQL.read_text())
    finally:
        await connection.close()
