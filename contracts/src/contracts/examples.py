"""An example of each event, made from the examples of its fields."""

from typing import Any, TypeVar

from contracts.event import Event
from contracts.schemas import Schema, facts_schema

Told = TypeVar("Told", bound=Event)


def example(event: type[Told], **facts: object) -> Told:
    """An event with the examples of its fields, and `facts` where they are given."""
    return event.model_validate({**example_data(event), **facts})


def example_data(event: type[Event]) -> dict[str, Any]:
    """The example as the JSON document that is published."""
    data: dict[str, Any] = example_of(facts_schema(event))
    return data


def example_of(schema: Schema) -> Any:
    """A value that a published schema accepts: its first example, or one made of the parts' examples.

    Raises:
        ValueError: A plain field has no example.
    """
    if schema.get("examples"):
        return schema["examples"][0]
    match schema["type"]:
        case "object" | ["object", "null"]:
            return {name: example_of(field) for name, field in schema.get("properties", {}).items()}
        case "array" | ["array", "null"]:
            return [example_of(schema["items"])]
        case "boolean":
            return True
        case [_, "null"]:
            return None
        case _:
            raise ValueError(f"A field has no example: {schema}")
