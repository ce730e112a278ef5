import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event
from hypothesis import given
from hypothesis import strategies as st

from contracts.applications import ApplicationSubmitted
from contracts.envelope import HEADERS, REQUIRED, BrokenEnvelope, Envelope
from contracts.examples import example

Headers = list[tuple[str, bytes | None]]

ENVELOPE = Envelope(
    id=UUID("0194f0c5-c1de-7c3a-b8d2-f1a0b3c4d5e6"),
    source="/ieum/applications",
    type=ApplicationSubmitted.type,
    subject="app_1",
    time=datetime(2025, 2, 14, 8, 59, 59, 999999, tzinfo=UTC),
    dataschema=ApplicationSubmitted.dataschema,
    sequence=3,
    generation=1,
    causationid="0194f0c5-c1dd-7aa1-9d02-5e1f00a1b2c3",
    correlationid="0194f0c5-c1dd-7aa1-9d02-5e1f00a1b2c3",
    actor="6f1d2c7e",
    programmeyear=2025,
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    tracestate="ieum=1",
)
NEEDED = pytest.mark.parametrize("name", REQUIRED)


def written() -> Headers:
    return list(ENVELOPE.headers())


def changed(name: str, value: bytes | None) -> Headers:
    return [(header, value if header == name else old) for header, old in written()]


def rule_of(headers: Headers) -> str:
    with pytest.raises(BrokenEnvelope) as broken:
        Envelope.read(headers)
    return broken.value.rule


clean = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=60)
envelopes = st.builds(
    Envelope,
    id=st.uuids(),
    source=clean,
    type=clean,
    subject=clean,
    time=st.datetimes(
        min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - given a zone
        max_value=datetime(2999, 1, 1),  # noqa: DTZ001 - given a zone
        timezones=st.just(UTC) | st.just(timezone(timedelta(hours=9))),
    ),
    dataschema=clean,
    sequence=st.integers(1, 2**63 - 1),
    generation=st.integers(0, 2**31 - 1),
    causationid=clean,
    correlationid=clean,
    actor=clean,
    programmeyear=st.integers(1000, 9999),
    traceparent=st.none() | st.just("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
)


@given(envelope=envelopes)
def test_what_is_written_is_read_again(envelope: Envelope) -> None:
    assert Envelope.read(envelope.headers()) == envelope


def test_every_header_written_is_described() -> None:
    assert [name for name, _ in ENVELOPE.headers()] == list(HEADERS)


def test_an_event_without_a_trace_has_no_trace_headers() -> None:
    names = [name for name, _ in replace(ENVELOPE, traceparent=None, tracestate=None).headers()]

    assert not {"traceparent", "tracestate"} & set(names)


def test_the_sequence_is_text_that_sorts() -> None:
    texts = [dict(replace(ENVELOPE, sequence=number).headers())["ce_sequence"] for number in (2, 10, 9)]

    assert sorted(texts) == [b"00000000000000000002", b"00000000000000000009", b"00000000000000000010"]


def test_the_order_of_headers_does_not_matter() -> None:
    assert Envelope.read(reversed(written())) == ENVELOPE


def test_headers_nobody_knows_are_ignored_whatever_they_hold() -> None:
    unknown: Headers = [("ce_later", None), ("ce_later", b"\xff"), ("x-proxy", None), ("", b"")]

    assert Envelope.read([*written(), *unknown]) == ENVELOPE


@NEEDED
def test_a_missing_header_is_named(name: str) -> None:
    assert rule_of([header for header in written() if header[0] != name]) == f"{name}_missing"


@NEEDED
def test_a_null_header_is_named(name: str) -> None:
    assert rule_of(changed(name, None)) == f"{name}_null"


@NEEDED
def test_a_header_that_is_not_utf8_is_named(name: str) -> None:
    assert rule_of(changed(name, b"\xff\xfe")) == f"{name}_not_utf8"


@NEEDED
def test_a_doubled_header_is_named_even_with_the_same_value(name: str) -> None:
    assert rule_of([*written(), (name, dict(written())[name])]) == f"{name}_duplicate"


@NEEDED
@pytest.mark.parametrize("value", [b"", b"a\x00b", b"a\nb", b"x" * 5000])
def test_an_empty_endless_or_unprintable_header_is_named(name: str, value: bytes) -> None:
    assert rule_of(changed(name, value)) == f"{name}_invalid"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_specversion", "0.3"),
        ("ce_id", "not-a-uuid"),
        ("ce_id", "0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"),
        ("ce_id", "0194f0c5-c1de-7c3a-b8d2-f1a0b3c4d5eg"),
        ("ce_time", "yesterday"),
        ("ce_time", "2025-02-14T09:00:00"),
        ("ce_time", "0001-01-01T00:00:00+23:59"),
        ("ce_time", "9999-12-31T23:59:59-23:59"),
        ("ce_sequence", "3"),
        ("ce_sequence", "-0000000000000000003"),
        ("ce_sequence", "99999999999999999999"),
        ("ce_sequence", "٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٣"),
        ("ce_generation", "1.0"),
        ("ce_generation", "4294967296"),
        ("ce_programmeyear", "25"),
        ("ce_programmeyear", "²⁰²⁵"),
        ("content-type", "application/cloudevents+json"),
    ],
)
def test_a_value_that_is_not_what_it_should_be_is_named(name: str, value: str) -> None:
    assert rule_of(changed(name, value.encode())) == f"{name}_invalid"


def test_a_message_without_the_value_it_refuses() -> None:
    with pytest.raises(BrokenEnvelope) as broken:
        Envelope.read(changed("ce_id", b"hong@example.org"))

    assert str(broken.value) == "ce_id_invalid"


@pytest.mark.parametrize("value", [None, b"\xff"])
def test_a_broken_trace_is_left_out_and_parks_nothing(value: bytes | None) -> None:
    assert Envelope.read(changed("traceparent", value)) == replace(
        ENVELOPE, traceparent=None, tracestate=None
    )


def test_json_with_its_charset_named_is_json() -> None:
    assert Envelope.read(changed("content-type", b"application/json; charset=utf-8")) == ENVELOPE


@given(
    headers=st.lists(
        st.tuples(st.sampled_from([*HEADERS, "x"]) | st.text(), st.none() | st.binary(max_size=40)),
        max_size=30,
    )
)
def test_headers_of_any_kind_are_refused_as_broken_and_nothing_else(headers: Headers) -> None:
    with pytest.raises(BrokenEnvelope):
        Envelope.read(headers)


@given(
    name=st.sampled_from(list(HEADERS)), value=st.text(max_size=60).map(str.encode) | st.binary(max_size=60)
)
def test_one_header_of_any_value_is_read_or_refused_as_broken(name: str, value: bytes) -> None:
    try:
        read = Envelope.read(changed(name, value))
    except BrokenEnvelope as broken:
        assert broken.rule.startswith(name)  # noqa: PT017 - either outcome is right
    else:
        assert Envelope.read(read.headers()) == read


def test_a_library_of_the_standard_reads_what_we_write() -> None:
    told = example(ApplicationSubmitted)
    message = KafkaMessage(headers=dict(ENVELOPE.headers()), key=b"app_1", value=told.write())

    read = from_binary_event(message)

    assert read.get_id() == str(ENVELOPE.id)
    assert read.get_source() == "/ieum/applications"
    assert read.get_type() == ApplicationSubmitted.type
    assert read.get_subject() == "app_1"
    assert read.get_time() == ENVELOPE.time
    assert read.get_dataschema() == ApplicationSubmitted.dataschema
    assert read.get_extension("sequence") == "00000000000000000003"
    assert read.get_extension("programmeyear") == "2025"
    assert read.get_data() == json.loads(told.write())


def test_we_read_what_a_library_of_the_standard_writes() -> None:
    ours = KafkaMessage(headers=dict(ENVELOPE.headers()), key=None, value=b"{}")

    theirs = to_binary_event(from_binary_event(ours))

    assert Envelope.read(list(theirs.headers.items())) == replace(ENVELOPE, traceparent=None, tracestate=None)
