import pytest

from contracts.catalogue import EVENTS
from contracts.event import Event
from contracts.topics import BUCKETS, STUDENTS, TOPICS, Topic

every_topic = pytest.mark.parametrize("topic", TOPICS, ids=[topic.area for topic in TOPICS])


@every_topic
def test_partitions_divide_the_buckets_so_that_a_bucket_is_in_one_partition(topic: Topic) -> None:
    assert BUCKETS % topic.partitions == 0


@every_topic
def test_what_is_kept_for_ever_is_said_to_kafka_as_such(topic: Topic) -> None:
    config = topic.config()

    assert config["retention.ms"] == ("-1" if topic.retention_ms is None else str(topic.retention_ms))
    assert config["retention.bytes"] == "-1"
    assert config["cleanup.policy"] == "delete"


@every_topic
def test_age_is_counted_from_arrival_as_the_programmes_clock_may_be_elsewhere(topic: Topic) -> None:
    assert topic.config()["message.timestamp.type"] == "LogAppendTime"


def test_students_are_kept_for_three_years() -> None:
    assert STUDENTS.retention_ms == 3 * 366 * 24 * 60 * 60 * 1000


def test_names_are_unique() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


@pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))
def test_an_event_has_one_of_the_keys_of_its_topic_and_always_carries_it(event: type[Event]) -> None:
    assert event.key_field in event.topic.keys
    assert event.model_fields[event.key_field].is_required()


@every_topic
def test_every_kind_of_key_is_used(topic: Topic) -> None:
    assert set(topic.keys) == {event.key_field for event in EVENTS.values() if event.topic is topic}
