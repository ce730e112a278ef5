"""The AsyncAPI 3 document: every topic, who sends and receives on it, and every message."""

from importlib.metadata import version
from typing import Any, Final

from contracts.catalogue import EVENTS
from contracts.envelope import HEADERS
from contracts.event import Event
from contracts.examples import example_data
from contracts.schemas import described, envelope_schema, facts_schema
from contracts.topics import TOPICS, Service, Topic

Document = dict[str, Any]

_SERVICES: Final[tuple[Service, ...]] = ("applications", "evaluation", "placement", "notifications")
_KAFKA_BINDING: Final = "0.5.0"


def asyncapi() -> Document:
    """The document as published; servers are left out, their addresses belong to a deployment."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ieum events",
            "version": version("ieum-contracts"),
            "description": (
                "The events of the yearly cycle of the SME Specialized High School Human Resources "
                "Development programme, as the services tell them to each other. Kafka is at-least-once "
                "and ordered by key; deduplicate on ce_id, order by (ce_generation, ce_sequence)."
            ),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.area: _channel(topic) for topic in TOPICS},
        "operations": dict(_operations()),
        "components": {
            "messages": {_message_name(event): _message(event) for event in EVENTS.values()},
            "schemas": {"Envelope": _bare(envelope_schema())},
        },
    }


def events_of(topic: Topic) -> list[type[Event]]:
    """The events of a topic in the order of their module."""
    return [event for event in EVENTS.values() if event.topic is topic]


def _channel(topic: Topic) -> Document:
    config = topic.config()
    return {
        "address": topic.name,
        "title": f"What {topic.emitted_by} tells: {topic.area}",
        "description": f"Keyed by {', '.join(topic.keys)}.",
        "messages": {
            _message_name(event): {"$ref": f"#/components/messages/{_message_name(event)}"}
            for event in events_of(topic)
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [config["cleanup.policy"]],
                    "retention.ms": int(config["retention.ms"]),
                    "retention.bytes": int(config["retention.bytes"]),
                    "max.message.bytes": int(config["max.message.bytes"]),
                },
                "bindingVersion": _KAFKA_BINDING,
            }
        },
    }


def _operations() -> list[tuple[str, Document]]:
    operations = []
    for topic in TOPICS:
        operations.append(
            (
                f"{topic.emitted_by}.send.{topic.area}",
                _operation("send", topic.emitted_by, topic, events_of(topic)),
            )
        )
        for service in _SERVICES:
            read = [event for event in events_of(topic) if service in event.read_by]
            if read:
                operations.append(
                    (f"{service}.receive.{topic.area}", _operation("receive", service, topic, read))
                )
    return operations


def _operation(action: str, service: Service, topic: Topic, events: list[type[Event]]) -> Document:
    verb = "tells" if action == "send" else "acts on"
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.area}"},
        "summary": f"What {service} {verb} on {topic.name}",
        "tags": [{"name": service}],
        "messages": [
            {"$ref": f"#/channels/{topic.area}/messages/{_message_name(event)}"} for event in events
        ],
    }


def _message(event: type[Event]) -> Document:
    data = example_data(event)
    return {
        "name": event.type,
        "title": event.__name__,
        "summary": described(event),
        "description": f"Why: {event.why}.",
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/Envelope"},
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "payload": facts_schema(event),
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"The field {event.key_field}, as text"},
                "bindingVersion": _KAFKA_BINDING,
            }
        },
        "examples": [{"name": "example", "headers": _headers(event, data), "payload": data}],
        "tags": [{"name": event.topic.emitted_by}],
    }


def _headers(event: type[Event], data: Document) -> dict[str, str]:
    own = {
        "ce_source": f"/ieum/{event.topic.emitted_by}",
        "ce_type": event.type,
        "ce_subject": str(data[event.key_field]),
        "ce_dataschema": event.dataschema,
        "ce_programmeyear": str(data["programme_year"]),
    }
    return {name: own.get(name, shown) for name, (_, _, shown) in HEADERS.items()}


def _message_name(event: type[Event]) -> str:
    return event.__name__


def _bare(schema: Document) -> Document:
    return {keyword: value for keyword, value in schema.items() if not keyword.startswith("$")}
