import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from contracts.asyncapi import asyncapi
from contracts.catalogue import EVENTS
from contracts.document import catalogue, fields
from contracts.envelope import HEADERS
from contracts.event import Event, Part
from contracts.examples import example, example_data, example_of
from contracts.schemas import envelope_schema, event_schema, facts_schema

every_event = pytest.mark.parametrize("event", EVENTS.values(), ids=list(EVENTS))


def problems(schema: dict[str, Any], document: object) -> list[str]:
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return [error.message for error in validator.iter_errors(document)]


@every_event
def test_a_schema_is_valid_json_schema_2020_12(event: type[Event]) -> None:
    Draft202012Validator.check_schema(event_schema(event))


@every_event
def test_a_schema_accepts_what_is_written(event: type[Event]) -> None:
    assert problems(event_schema(event), json.loads(example(event).write())) == []


@every_event
def test_a_schema_accepts_fields_that_come_later(event: type[Event]) -> None:
    assert problems(event_schema(event), {**example_data(event), "unheard_of": 1}) == []


@every_event
def test_a_schema_refuses_a_missing_field(event: type[Event]) -> None:
    data = example_data(event)
    for name in event_schema(event)["required"]:
        without = {field: value for field, value in data.items() if field != name}
        assert problems(event_schema(event), without) == [f"'{name}' is a required property"]


@every_event
def test_a_schema_stands_alone_without_references_or_choices(event: type[Event]) -> None:
    text = json.dumps(event_schema(event))

    assert "$ref" not in text
    assert "anyOf" not in text


@every_event
def test_a_vocabulary_is_a_plain_string_never_a_closed_enum(event: type[Event]) -> None:
    assert not [path for path, field, _ in fields(event_schema(event)) if "enum" in field or "const" in field]


def test_what_may_be_null_says_so_in_its_type() -> None:
    class Inner(Part):
        """An inner part."""

        count: int

    class Outer(Part):
        """An outer part."""

        text: str | None
        inner: Inner | None = None

    schema = facts_schema(Outer)

    assert schema["properties"]["text"] == {"type": ["string", "null"]}
    assert schema["properties"]["inner"]["type"] == ["object", "null"]
    assert schema["properties"]["inner"]["required"] == ["count"]
    assert schema["required"] == ["text"]


def test_a_field_that_is_one_of_several_things_is_refused() -> None:
    class Ambiguous(Part):
        """A part with a choice."""

        value: int | str

    with pytest.raises(ValueError, match="either something or null"):
        facts_schema(Ambiguous)


def test_a_plain_field_without_an_example_is_refused() -> None:
    with pytest.raises(ValueError, match="no example"):
        example_of({"type": "object", "properties": {"name": {"type": "string"}}})


def test_the_schema_of_the_envelope_accepts_its_own_examples() -> None:
    assert problems(envelope_schema(), {name: shown for name, (_, _, shown) in HEADERS.items()}) == []


def test_asyncapi_names_every_event_once_on_its_channel() -> None:
    document = asyncapi()

    on_channels = [name for channel in document["channels"].values() for name in channel["messages"]]

    assert sorted(on_channels) == sorted(event.__name__ for event in EVENTS.values())
    assert set(document["components"]["messages"]) == set(on_channels)


def test_every_reference_in_asyncapi_leads_somewhere() -> None:
    document = asyncapi()

    for reference in references(document):
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        assert target


def test_the_examples_in_asyncapi_follow_their_schemas() -> None:
    for message in asyncapi()["components"]["messages"].values():
        [shown] = message["examples"]
        assert problems(message["payload"], shown["payload"]) == []
        assert problems(envelope_schema(), shown["headers"]) == []
        assert shown["headers"]["ce_type"] == message["name"]


def test_asyncapi_says_who_sends_and_who_receives() -> None:
    document = asyncapi()

    for event in EVENTS.values():
        reference = {"$ref": f"#/channels/{event.topic.area}/messages/{event.__name__}"}
        named = {
            (operation["action"], operation["tags"][0]["name"])
            for operation in document["operations"].values()
            if reference in operation["messages"]
        }
        assert named == {
            ("send", event.topic.emitted_by),
            *(("receive", service) for service in event.read_by),
        }


def test_the_catalogue_tells_every_event_and_every_field() -> None:
    text = catalogue()

    for event in EVENTS.values():
        section = text.split(f"### {event.__name__}\n")[1].split("\n### ")[0]
        assert event.why in section
        assert all(f"| `{path}` |" in section for path, _, _ in fields(facts_schema(event)))


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    if isinstance(node, list):
        return [found for value in node for found in references(value)]
    return []
