"""The event catalogue for people: who emits what, who reads it and why, and every field."""

from collections.abc import Iterator
from typing import Any, Final

from contracts.asyncapi import events_of
from contracts.envelope import HEADERS, REQUIRED
from contracts.event import Event
from contracts.schemas import Schema, described, facts_schema
from contracts.topics import TOPICS, YEAR_MS, Topic

_SHOWN: Final = 4
_RANGES: Final = {
    "minimum": "≥",
    "maximum": "≤",
    "minLength": "length ≥",
    "maxLength": "length ≤",
    "minItems": "items ≥",
}


def catalogue() -> str:
    """The catalogue as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Event catalogue"
    yield ""
    yield "Generated from `contracts` by `make schemas`; do not edit. The schemas stand in `events/`, the"
    yield "same as one AsyncAPI 3 document in `asyncapi.json`."
    yield ""
    yield "Events are JSON in UTF-8. Readers ignore fields, codes and event types that they do not know."
    yield ""
    yield from _overview()
    yield from _envelope()
    for topic in TOPICS:
        yield f"## `{topic.name}`"
        yield ""
        yield f"Written by {topic.emitted_by}; {_kept(topic)}; {topic.partitions} partitions."
        yield ""
        for event in events_of(topic):
            yield from _event(event)


def _overview() -> Iterator[str]:
    yield "| topic | kept | key | event | read by |"
    yield "|---|---|---|---|---|"
    for topic in TOPICS:
        for event in events_of(topic):
            yield (
                f"| `{topic.name}` | {_kept(topic)} | {event.key_field} "
                f"| [{event.__name__}](#{event.__name__.lower()}) | {_readers(event)} |"
            )
    yield ""


def _envelope() -> Iterator[str]:
    yield "## Envelope"
    yield ""
    yield "CloudEvents 1.0 in Kafka's binary binding: headers are texts in UTF-8, the record's key is"
    yield "`ce_subject`."
    yield ""
    yield "| header | | what it says | example |"
    yield "|---|---|---|---|"
    for name, (meaning, _, example) in HEADERS.items():
        needed = "required" if name in REQUIRED else "optional"
        yield f"| `{name}` | {needed} | {meaning} | `{example}` |"
    yield ""


def _event(event: type[Event]) -> Iterator[str]:
    yield f"### {event.__name__}"
    yield ""
    yield described(event)
    yield ""
    yield f"- type `{event.type}`, key `{event.key_field}`"
    yield f"- emitted by {event.topic.emitted_by}, read by {_readers(event)}"
    yield f"- why: {event.why}"
    yield ""
    yield "| field | type | | what it says |"
    yield "|---|---|---|---|"
    for path, schema, required in fields(facts_schema(event)):
        needed = "required" if required else "optional"
        yield f"| `{path}` | {_kind(schema)} | {needed} | {_meaning(schema)} |"
    yield ""


def fields(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema, bool]]:
    """Every field of a published schema at every depth: its path, its schema, whether it is required."""
    for name, field in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield here, field, name in schema.get("required", ())
        yield from fields(field, here)
        items, place = field.get("items"), f"{here}[]"
        while isinstance(items, dict):
            yield from fields(items, place)
            items, place = items.get("items"), f"{place}[]"


def _kind(schema: Schema) -> str:
    types: Any = schema["type"]
    first = types if isinstance(types, str) else " or ".join(types)
    if "items" in schema:
        return f"{first} of {_kind(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"{first} of {_kind(schema['additionalProperties'])} by name"
    return f"{first} ({schema['format']})" if "format" in schema else str(first)


def _meaning(schema: Schema) -> str:
    parts = [schema.get("description", "")]
    parts += [f"{sign} {schema[keyword]}" for keyword, sign in _RANGES.items() if keyword in schema]
    plain = [example for example in schema.get("examples", ()) if not isinstance(example, dict | list)]
    if plain:
        shown = ", ".join(f"`{example}`" for example in plain[:_SHOWN])
        parts.append(f"for example {shown}{', …' if len(plain) > _SHOWN else ''}")
    return "; ".join(part for part in parts if part)


def _kept(topic: Topic) -> str:
    if topic.retention_ms is None:
        return "kept for ever"
    years = topic.retention_ms // YEAR_MS
    return f"kept {years} year{'s' if years > 1 else ''}"


def _readers(event: type[Event]) -> str:
    return ", ".join(event.read_by) or "operators and auditors"
