"""Topics as `contracts` describes them."""

import asyncio
from collections.abc import Iterable
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from contracts.topics import Topic
from embedded.trouble import Trouble

WAIT: Final = 30.0
"""Seconds until a topic that was accepted must be served."""


async def create(bootstrap: str, wanted: Iterable[Topic], *, suffix: str = "") -> list[str]:
    """Makes the topics that are missing, their names followed by `suffix`, and waits until they are served.

    Returns:
        The names.

    Raises:
        Trouble: a topic is there with another number of partitions, or the broker refuses.
    """
    partitions = {topic.name + suffix: topic.partitions for topic in wanted}
    new = [NewTopic(t.name + suffix, t.partitions, 1, topic_configs=t.config()) for t in wanted]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        answer = await admin.create_topics(new)
        for name, code, *details in answer.topic_errors:
            if code and not issubclass(for_code(code), TopicAlreadyExistsError):
                raise Trouble(f"Kafka refused the topic {name}: {for_code(code).__name__} {details}")
        await _served(admin, partitions)
    finally:
        await admin.close()
    return list(partitions)


async def delete(bootstrap: str, names: Iterable[str]) -> None:
    """Removes topics; those that are not there are no error."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_topics(list(names))
    finally:
        await admin.close()


async def _served(admin: AIOKafkaAdminClient, wanted: dict[str, int]) -> None:
    async with asyncio.timeout(WAIT):
        while True:
            try:
                described = await admin.describe_topics(list(wanted))
            except KafkaError:
                described = []
            led = {
                t["topic"]: [p["leader"] for p in t["partitions"]] for t in described if not t["error_code"]
            }
            if all(name in led and min(led[name], default=-1) >= 0 for name in wanted):
                break
            await asyncio.sleep(0.05)
    for name, count in wanted.items():
        if len(led[name]) != count:
            raise Trouble(
                f"The topic {name} has {len(led[name])} partitions here and {count} in contracts;"
                " counts are fixed when a topic is born, `make clean` starts anew."
            )
