"""Topics are those of `contracts`, and only those."""

import asyncio
import dataclasses
import secrets

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from contracts.topics import APPLICATIONS, TOPICS
from embedded import topics
from embedded.trouble import Trouble


async def test_every_topic_of_the_contracts_exists_as_it_is_described(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        found = {t["topic"]: t for t in await admin.describe_topics([t.name for t in TOPICS])}
        answers = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, t.name) for t in TOPICS]
        )
    finally:
        await admin.close()
    configured = {
        r[3]: {entry[0]: entry[1] for entry in r[4]} for answer in answers for r in answer.resources
    }
    for topic in TOPICS:
        assert len(found[topic.name]["partitions"]) == topic.partitions
        assert topic.config().items() <= configured[topic.name].items()


async def test_a_topic_that_nobody_made_does_not_come_into_being_by_writing_to_it(kafka: str) -> None:
    name = f"nobody-made-{secrets.token_hex(4)}"
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await producer.send_and_wait(name, b"lost")
    finally:
        await producer.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        assert name not in await admin.list_topics()
    finally:
        await admin.close()


async def test_a_partition_count_that_differs_from_the_contracts_is_told(kafka: str) -> None:
    suffix = f".{secrets.token_hex(4)}"
    made = await topics.create(kafka, [APPLICATIONS], suffix=suffix)
    try:
        grown = dataclasses.replace(APPLICATIONS, partitions=2 * APPLICATIONS.partitions)
        with pytest.raises(Trouble, match="has 8 partitions here and 16 in contracts"):
            await topics.create(kafka, [grown], suffix=suffix)
    finally:
        await topics.delete(kafka, made)
