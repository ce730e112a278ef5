"""The gate: what may change between the schemas last released and the present ones.

A version of an event changes only by optional fields that come, and event types may come. Everything else
needs a new major type. The rules stand here as a table over the keywords of JSON Schema because the ready
checkers fail on them: jsonsubschema crashes on `oneOf`, json-schema-diff passes a widened enum, `asyncapi
diff` classifies nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Document = Mapping[str, Any]

ANNOTATIONS: Final = frozenset(
    {"$schema", "$id", "$comment", "title", "description", "examples", "deprecated"}
)
"""Keywords that tell a person something and a reader's code nothing."""

RULES: Final[Mapping[str, str]] = {
    "x-topic": "topic_changed",
    "x-key": "key_changed",
    "type": "type_changed",
    "format": "format_changed",
    "contentEncoding": "format_changed",
    "contentMediaType": "format_changed",
    "pattern": "pattern_changed",
    "enum": "enum_changed",
    "const": "enum_changed",
    "default": "default_changed",
    "minimum": "range_changed",
    "maximum": "range_changed",
    "exclusiveMinimum": "range_changed",
    "exclusiveMaximum": "range_changed",
    "multipleOf": "range_changed",
    "minLength": "range_changed",
    "maxLength": "range_changed",
    "minItems": "range_changed",
    "maxItems": "range_changed",
    "uniqueItems": "range_changed",
    "minProperties": "range_changed",
    "maxProperties": "range_changed",
}
"""Keywords whose value never changes, and the rule that a change breaks."""

NESTED: Final = ("items", "additionalProperties", "propertyNames")
"""Keywords that hold a schema of their own."""

MEANINGS: Final[Mapping[str, str]] = {
    "event_removed": "an event type never goes before its sunset",
    "topic_removed": "a topic never goes before its sunset",
    "partitions_changed": "the number of partitions is fixed when a topic is born",
    "topic_configuration_changed": "what a topic keeps, and for how long, is promised to its readers",
    "topic_changed": "an event type stays on its topic",
    "key_changed": "an event type keeps its key, or its order is lost",
    "field_removed": "a field never goes",
    "field_required": "a field that was optional stays optional, older events lack it",
    "field_optional": "a field that was required stays required, readers rely on it",
    "new_field_required": "a field that comes is optional, older events lack it",
    "type_changed": "a type never changes",
    "format_changed": "a format never changes",
    "pattern_changed": "a pattern never changes",
    "enum_changed": "a closed enum never changes; a vocabulary that may grow is a plain string",
    "default_changed": "a default never changes, older events would say something else",
    "range_changed": "a range never changes",
    "structure_changed": "the structure of a schema never changes",
}
"""Every rule, with the reason a message gives."""


@dataclass(frozen=True, slots=True)
class Break:
    """A change that some reader or writer of the released schemas would not survive.

    Attributes:
        event: The event's type, the envelope or a topic.
        field: Path of the field such as `policy.quotas[].name`, empty for the event itself.
        rule: A key of `MEANINGS`.
    """

    event: str
    field: str
    rule: str

    def __str__(self) -> str:
        place = f"{self.event}, field {self.field}" if self.field else self.event
        return f"{place}: {self.rule} ({MEANINGS[self.rule]})"


def breaks_of_events(released: Mapping[str, Document], present: Mapping[str, Document]) -> Iterator[Break]:
    """What breaks between two sets of schemas by event type."""
    for event, before in released.items():
        after = present.get(event)
        if after is None:
            yield Break(event, "", "event_removed")
        else:
            yield from _breaks(event, "", before, after)


def breaks_of_topics(released: Mapping[str, Document], present: Mapping[str, Document]) -> Iterator[Break]:
    """What breaks between two descriptions of the topics by name; a topic may take more kinds of key."""
    for topic, before in released.items():
        after = present.get(topic)
        if after is None:
            yield Break(topic, "", "topic_removed")
            continue
        if after["partitions"] != before["partitions"]:
            yield Break(topic, "", "partitions_changed")
        if after["config"] != before["config"]:
            yield Break(topic, "", "topic_configuration_changed")


def _breaks(event: str, field: str, before: Document, after: Document) -> Iterator[Break]:
    for keyword in sorted((before.keys() | after.keys()) - ANNOTATIONS):
        if keyword == "properties":
            yield from _property_breaks(event, field, before, after)
        elif keyword == "required":
            continue
        elif keyword in NESTED and isinstance(before.get(keyword), dict):
            yield from _nested_breaks(event, f"{field}{_place(keyword)}", before[keyword], after.get(keyword))
        elif before.get(keyword) != after.get(keyword):
            yield Break(event, field, RULES.get(keyword, "structure_changed"))


def _nested_breaks(event: str, field: str, before: Document, after: Any) -> Iterator[Break]:
    if isinstance(after, dict):
        yield from _breaks(event, field, before, after)
    else:
        yield Break(event, field, "structure_changed")


def _property_breaks(event: str, field: str, before: Document, after: Document) -> Iterator[Break]:
    old, new = before.get("properties", {}), after.get("properties", {})
    needed, needed_now = set(before.get("required", ())), set(after.get("required", ()))
    for name in old:
        path = f"{field}.{name}" if field else name
        if name not in new:
            yield Break(event, path, "field_removed")
            continue
        if (name in needed) != (name in needed_now):
            yield Break(event, path, "field_optional" if name in needed else "field_required")
        yield from _breaks(event, path, old[name], new[name])
    for name in sorted(needed_now - old.keys()):
        yield Break(event, f"{field}.{name}" if field else name, "new_field_required")


def _place(keyword: str) -> str:
    return {"items": "[]", "additionalProperties": "{}", "propertyNames": "{name}"}[keyword]
