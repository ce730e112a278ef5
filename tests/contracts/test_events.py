import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.applications import (
    ApplicationSubmitted,
    CallClosed,
    ProgrammeYearOpened,
    SchoolRegistered,
)
from contracts.catalogue import EVENTS
from contracts.event import Event
from contracts.examples import example, example_data
from contracts.students import StudentEnrolled

every_event = pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))


@every_event
def test_what_is_written_is_read_again(event: type[Event]) -> None:
    told = example(event)

    assert event.read(told.write()) == told


@every_event
def test_a_writer_is_refused_an_unknown_field_at_any_depth(event: type[Event]) -> None:
    for document in with_one_unknown_field(example_data(event)):
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            event.model_validate_json(json.dumps(document))


@every_event
def test_a_reader_ignores_unknown_fields_at_every_depth(event: type[Event]) -> None:
    for document in with_one_unknown_field(example_data(event)):
        assert event.read(json.dumps(document).encode()) == example(event)


@every_event
def test_an_event_cannot_be_changed(event: type[Event]) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(example(event), "programme_year", 2026)  # noqa: B010 - the type checker forbids the plain form


@every_event
def test_a_missing_required_field_is_refused_by_name(event: type[Event]) -> None:
    data = example_data(event)
    for name, field in event.model_fields.items():
        if field.is_required():
            with pytest.raises(ValidationError) as refused:
                event.read(json.dumps({k: v for k, v in data.items() if k != name}).encode())
            assert [error["loc"] for error in refused.value.errors()] == [(name,)]


@every_event
def test_the_type_and_schema_are_derived_from_topic_and_name(event: type[Event]) -> None:
    assert event.type.startswith(f"ieum.{event.topic.area}.")
    assert event.type.endswith(".v1")
    assert event.dataschema == f"urn:ieum:schema:{event.type}"


def test_a_compound_name_becomes_kebab_case() -> None:
    assert ApplicationSubmitted.type == "ieum.applications.application-submitted.v1"
    assert ProgrammeYearOpened.type == "ieum.applications.programme-year-opened.v1"


def test_a_year_is_a_key_as_text() -> None:
    assert example(CallClosed, programme_year=2025).key() == "2025"


def test_a_school_is_the_key_of_its_register_entry() -> None:
    assert example(SchoolRegistered, school="sch_1").key() == "sch_1"


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[]", b"{", b"\xff\xfe", b'{"programme_year": 1e400}', b"[" * 100_000]
)
def test_what_is_no_event_is_refused_as_a_broken_schema_and_nothing_else(data: bytes) -> None:
    with pytest.raises(ValidationError):
        StudentEnrolled.read(data)


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        (SchoolRegistered, "school", "한빛공업고등학교"),
        (SchoolRegistered, "school", "app_1"),
        (SchoolRegistered, "province", "Seoul, near the river"),
        (SchoolRegistered, "name_ko", "두 줄\n이름"),
        (SchoolRegistered, "name_ko", ""),
        (SchoolRegistered, "programme_year", 1999),
        (SchoolRegistered, "registered_at", "2025-02-14T18:00:00"),
        (ApplicationSubmitted, "answers", {"planned_students": "4.5e1"}),
        (ApplicationSubmitted, "answers", {"planned_students": 45.0}),
        (ApplicationSubmitted, "answers", {"Planned students": "45"}),
        (ApplicationSubmitted, "accepts_general", None),
    ],
)
def test_a_value_that_breaks_its_kind_is_refused_by_name(
    event: type[Event], field: str, value: object
) -> None:
    document = json.dumps({**example_data(event), field: value}).encode()

    with pytest.raises(ValidationError) as refused:
        event.read(document)

    assert refused.value.errors()[0]["loc"][0] == field


@given(code=st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True))
def test_a_reader_accepts_codes_that_it_does_not_know(code: str) -> None:
    document = {**example_data(ApplicationSubmitted), "province": code, "kind": code, "tracks": [code]}

    read = ApplicationSubmitted.read(json.dumps(document).encode())

    assert (read.province, read.kind, read.tracks) == (code, code, (code,))


offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moment=st.datetimes(min_value=datetime(2000, 1, 1), timezones=offsets))  # noqa: DTZ001 - given a zone
def test_a_moment_keeps_its_microsecond_in_any_zone(moment: datetime) -> None:
    told = example(StudentEnrolled, enrolled_at=moment)

    assert StudentEnrolled.read(told.write()).enrolled_at == moment


def test_a_day_stays_a_day() -> None:
    told = example(ProgrammeYearOpened)

    assert told.policy.lot_drawn_on == date(2025, 2, 22)
    assert ProgrammeYearOpened.read(told.write()).policy.lot_drawn_on == date(2025, 2, 22)


def test_korean_is_written_as_it_is() -> None:
    assert "한빛공업고등학교".encode() in example(SchoolRegistered).write()


def test_a_manifest_of_fifteen_thousand_submissions_fits_its_topic() -> None:
    manifest = [{"application": f"app_{number:032x}", "sequence": 3} for number in range(15_000)]

    assert len(example(CallClosed, manifest=manifest).write()) <= CallClosed.topic.max_event_bytes


def with_one_unknown_field(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`document` with a field nobody knows added to each of its objects in turn, not to mappings."""
    yield {**document, "unheard_of": 1}
    for name, value in document.items():
        if name == "answers":
            continue
        if isinstance(value, dict):
            for inner in with_one_unknown_field(value):
                yield {**document, name: inner}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for inner in with_one_unknown_field(value[0]):
                yield {**document, name: [inner, *value[1:]]}
