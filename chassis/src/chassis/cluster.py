"""What Kafka has, asked over a connection of its own."""

import asyncio
from collections.abc import Set as AbstractSet
from typing import Final

from aiokafka.client import AIOKafkaClient

ANSWER_TIMEOUT: Final = 5.0
"""Seconds for a broker to answer."""


async def topics(bootstrap: str) -> AbstractSet[str]:
    """The names of the topics there are and that we may see.

    Raises:
        KafkaError, OSError, TimeoutError: no broker answers.
    """
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT):
            await client.bootstrap()
            return frozenset((await client.fetch_all_metadata()).topics())
    finally:
        await client.close()
