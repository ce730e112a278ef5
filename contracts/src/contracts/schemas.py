"""The JSON Schema of an event, of the envelope and of the topics, as they are published.

Schemas are JSON Schema 2020-12 without references, so that each stands alone and two can be compared. They
describe what a reader may rely on: what the writer's model refuses (unknown fields) they let pass, because a
later version may bring it.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from contracts import envelope
from contracts.event import Event
from contracts.topics import TOPICS, Topic

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def event_schema(event: type[Event]) -> Schema:
    """The published schema of an event type, with its topic and key under `x-topic` and `x-key`."""
    return {
        "$schema": DIALECT,
        "$id": event.dataschema,
        "title": event.__name__,
        "description": described(event),
        "x-topic": event.topic.name,
        "x-key": event.key_field,
        **_without(facts_schema(event), "title", "description"),
    }


def facts_schema(model: type[BaseModel]) -> Schema:
    """What a model accepts, references resolved, open for fields that come later."""
    raw = model.model_json_schema()
    plain: Schema = _published(raw, raw.get("$defs", {}))
    plain["title"] = model.__name__
    return plain


def described(event: type[Event]) -> str:
    """What an event says, from its own docstring, as one line."""
    return " ".join((event.__doc__ or "").split())


def envelope_schema() -> Schema:
    """The schema of the headers of a record, as texts."""
    return {
        "$schema": DIALECT,
        "$id": "urn:ieum:schema:ieum.envelope.v1",
        "title": "Envelope",
        "description": "CloudEvents 1.0 in Kafka's binary binding: header values are texts in UTF-8.",
        "type": "object",
        "properties": {
            name: {"type": "string", "description": meaning, **pattern, "examples": [example]}
            for name, (meaning, pattern, example) in envelope.HEADERS.items()
        },
        "required": [name for name in envelope.HEADERS if name in envelope.REQUIRED],
    }


def topics_schema() -> Schema:
    """What is fixed about the topics, by name."""
    return {topic.name: _topic(topic) for topic in TOPICS}


def _topic(topic: Topic) -> Schema:
    return {
        "emitted_by": topic.emitted_by,
        "partitions": topic.partitions,
        "keys": list(topic.keys),
        "config": topic.config(),
    }


def _published(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_published(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        return {"title": name, **_published({**definitions[name], **_without(node, "$ref")}, definitions)}
    if "anyOf" in node:
        return _published(_nullable(node, definitions), definitions)
    plain = {
        keyword: _properties(value, definitions)
        if keyword == "properties"
        else _published(value, definitions)
        for keyword, value in node.items()
        if keyword not in {"title", "$defs", "examples"} and not _is_closing(keyword, value, node)
    }
    if node.get("examples"):
        plain["examples"] = node["examples"]
    return _mapping(plain) if "patternProperties" in plain else plain


def _properties(properties: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    return {name: _published(schema, definitions) for name, schema in properties.items()}


def _is_closing(keyword: str, value: Any, node: Mapping[str, Any]) -> bool:
    """Whether a keyword holds only for the writer (unknown fields) or says nothing (a default of null)."""
    return (keyword == "additionalProperties" and value is False and "properties" in node) or (
        keyword == "default" and value is None
    )


def _nullable(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """`["string", "null"]` for what pydantic writes as a choice of something and null."""
    choices = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
    if len(choices) != 1 or len(node["anyOf"]) != len(choices) + 1:
        raise ValueError(f"A field is either something or null, not one of several things: {dict(node)}")
    choice = choices[0]
    if "$ref" in choice:
        choice = definitions[choice["$ref"].removeprefix("#/$defs/")]
    return {**choice, **_without(node, "anyOf"), "type": [choice["type"], "null"]}


def _mapping(node: Schema) -> Schema:
    """Names by `propertyNames` and values by `additionalProperties`, which every tool understands."""
    [(pattern, values)] = node["patternProperties"].items()
    return {
        **_without(node, "patternProperties"),
        "propertyNames": {**node.get("propertyNames", {}), "pattern": pattern},
        "additionalProperties": values,
    }


def _without(node: Mapping[str, Any], *keywords: str) -> Schema:
    return {keyword: value for keyword, value in node.items() if keyword not in keywords}
