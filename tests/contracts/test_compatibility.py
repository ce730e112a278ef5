import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.applications import ApplicationSubmitted, ProgrammeYearOpened
from contracts.catalogue import EVENTS
from contracts.compatibility import (
    ANNOTATIONS,
    MEANINGS,
    RULES,
    Break,
    breaks_of_events,
    breaks_of_topics,
)
from contracts.event import Event
from contracts.schemas import event_schema, topics_schema

Schema = dict[str, Any]
Change = Callable[[Schema], object]


def broken(change: Change, event: type[Event] = ApplicationSubmitted) -> list[tuple[str, str]]:
    """Field and rule of what `change` of the event's schema breaks."""
    before = event_schema(event)
    after = copy.deepcopy(before)
    change(after)
    return [(b.field, b.rule) for b in breaks_of_events({event.type: before}, {event.type: after})]


def put(path: str, value: object) -> Change:
    """Sets the keyword at the end of a path of keywords."""

    def change(schema: Schema) -> None:
        *steps, last = path.split("/")
        for step in steps:
            schema = schema[step]
        schema[last] = value

    return change


def drop(path: str) -> Change:
    def change(schema: Schema) -> None:
        *steps, last = path.split("/")
        for step in steps:
            schema = schema[step]
        del schema[last]

    return change


def require(schema: Schema, name: str) -> None:
    schema["required"] = [*schema["required"], name]


def no_longer_require(schema: Schema, name: str) -> None:
    schema["required"] = [other for other in schema["required"] if other != name]


def test_the_same_schemas_break_nothing() -> None:
    schemas = {name: event_schema(event) for name, event in EVENTS.items()}

    assert list(breaks_of_events(schemas, copy.deepcopy(schemas))) == []


def test_an_event_type_may_come() -> None:
    assert list(breaks_of_events({}, {"ieum.x.y.v1": event_schema(ApplicationSubmitted)})) == []


def test_an_event_type_may_not_go() -> None:
    [found] = breaks_of_events({"ieum.x.y.v1": event_schema(ApplicationSubmitted)}, {})

    assert found == Break("ieum.x.y.v1", "", "event_removed")


def test_an_optional_field_may_come() -> None:
    assert broken(put("properties/remote", {"type": "boolean"})) == []


def test_an_optional_field_may_come_inside_a_part_of_a_list() -> None:
    assert broken(put("properties/documents/items/properties/pages", {"type": "integer"})) == []


def test_a_required_field_may_not_come() -> None:
    def change(schema: Schema) -> None:
        schema["properties"]["remote"] = {"type": "boolean"}
        require(schema, "remote")

    assert broken(change) == [("remote", "new_field_required")]


def test_a_required_field_may_not_come_inside_a_part_of_a_list() -> None:
    def change(schema: Schema) -> None:
        items = schema["properties"]["documents"]["items"]
        items["properties"]["pages"] = {"type": "integer"}
        require(items, "pages")

    assert broken(change) == [("documents[].pages", "new_field_required")]


def test_a_field_may_not_go() -> None:
    def change(schema: Schema) -> None:
        del schema["properties"]["receipt"]
        no_longer_require(schema, "receipt")

    assert broken(change) == [("receipt", "field_removed")]


def test_a_field_may_not_change_its_name() -> None:
    def change(schema: Schema) -> None:
        schema["properties"]["receipt_number"] = schema["properties"].pop("receipt")
        no_longer_require(schema, "receipt")

    assert broken(change) == [("receipt", "field_removed")]


def test_a_required_field_may_not_become_optional() -> None:
    assert broken(lambda schema: no_longer_require(schema, "receipt")) == [("receipt", "field_optional")]


def test_an_optional_field_may_not_become_required() -> None:
    registered = EVENTS["ieum.applications.school-registered.v1"]

    assert broken(lambda schema: require(schema, "origin"), registered) == [("origin", "field_required")]


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        (put("properties/accepts_general/type", "string"), "accepts_general", "type_changed"),
        (put("properties/kind/type", ["string", "null"]), "kind", "type_changed"),
        (put("properties/school_name_en/type", "string"), "school_name_en", "type_changed"),
        (put("properties/accepted_at/format", "date"), "accepted_at", "format_changed"),
        (drop("properties/accepted_at/format"), "accepted_at", "format_changed"),
        (put("properties/kind/contentEncoding", "base64"), "kind", "format_changed"),
        (put("properties/kind/pattern", ".*"), "kind", "pattern_changed"),
        (drop("properties/kind/pattern"), "kind", "pattern_changed"),
        (put("properties/programme_year/maximum", 2100), "programme_year", "range_changed"),
        (drop("properties/programme_year/minimum"), "programme_year", "range_changed"),
        (put("properties/school_name_ko/maxLength", 200), "school_name_ko", "range_changed"),
        (put("properties/tracks/minItems", 1), "tracks", "range_changed"),
        (put("properties/tracks/uniqueItems", True), "tracks", "range_changed"),
        (put("properties/kind/enum", ["new", "continuing"]), "kind", "enum_changed"),
        (put("properties/accepts_general/default", False), "accepts_general", "default_changed"),
        (put("properties/tracks/items/type", "integer"), "tracks[]", "type_changed"),
        (drop("properties/tracks/items"), "tracks[]", "structure_changed"),
        (
            put("properties/documents/items/properties/sha256/pattern", "x"),
            "documents[].sha256",
            "pattern_changed",
        ),
        (put("properties/answers/additionalProperties/type", "number"), "answers{}", "type_changed"),
        (put("properties/answers/propertyNames/pattern", "x"), "answers{name}", "pattern_changed"),
        (put("additionalProperties", False), "", "structure_changed"),
        (put("properties/kind/anyOf", [{"type": "string"}]), "kind", "structure_changed"),
        (put("properties/kind/x-not-heard-of", 1), "kind", "structure_changed"),
        (put("x-topic", "ieum.other.v1"), "", "topic_changed"),
        (put("x-key", "school"), "", "key_changed"),
    ],
)
def test_what_is_there_never_changes(change: Change, field: str, rule: str) -> None:
    assert broken(change) == [(field, rule)]


def test_a_closed_enum_may_not_grow() -> None:
    before = {"properties": {"kind": {"type": "string", "enum": ["a"]}}}
    after = {"properties": {"kind": {"type": "string", "enum": ["a", "b"]}}}

    assert [b.rule for b in breaks_of_events({"e": before}, {"e": after})] == ["enum_changed"]


@pytest.mark.parametrize(
    "change",
    [
        put("description", "said better"),
        put("title", "Another"),
        put("properties/kind/description", "said better"),
        put("properties/kind/examples", ["new", "continuing", "returning"]),
        put("properties/kind/deprecated", True),
    ],
)
def test_words_and_examples_may_change(change: Change) -> None:
    assert broken(change) == []


@given(data=st.data())
def test_any_one_keyword_lost_anywhere_is_a_break(data: st.DataObject) -> None:
    places = list(keywords(event_schema(ProgrammeYearOpened)))
    path = data.draw(st.sampled_from(places))

    def change(schema: Schema) -> None:
        node: Any = schema
        for step in path[:-1]:
            node = node[step]
        del node[path[-1]]

    assert broken(change, ProgrammeYearOpened)


def keywords(schema: Schema, *path: str) -> list[tuple[str, ...]]:
    """Where each keyword that means something stands, at every depth."""
    found = []
    for keyword, value in schema.items():
        if keyword in ANNOTATIONS:
            continue
        found.append((*path, keyword))
        if keyword == "properties":
            for name, field in value.items():
                found += [(*path, keyword, name), *keywords(field, *path, keyword, name)]
        elif isinstance(value, dict):
            found += keywords(value, *path, keyword)
    return found


def test_a_topic_may_come_and_may_take_more_kinds_of_key() -> None:
    before = topics_schema()
    after = copy.deepcopy(before)
    after["ieum.new.v1"] = after["ieum.applications.v1"]
    after["ieum.applications.v1"]["keys"].append("district")

    assert list(breaks_of_topics(before, after)) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (drop("ieum.students.v1"), "topic_removed"),
        (put("ieum.students.v1/partitions", 32), "partitions_changed"),
        (put("ieum.students.v1/config/retention.ms", "1"), "topic_configuration_changed"),
    ],
)
def test_a_topic_never_changes(change: Change, rule: str) -> None:
    before = topics_schema()
    after = copy.deepcopy(before)
    change(after)

    assert list(breaks_of_topics(before, after)) == [Break("ieum.students.v1", "", rule)]


def test_a_message_names_event_field_and_rule() -> None:
    assert str(Break("ieum.x.y.v1", "documents[].pages", "new_field_required")) == (
        "ieum.x.y.v1, field documents[].pages: new_field_required "
        "(a field that comes is optional, older events lack it)"
    )


def test_every_rule_says_what_it_means() -> None:
    assert set(RULES.values()) <= set(MEANINGS)
