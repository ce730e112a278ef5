"""Identifiers: UUIDv7, so that they sort by the time they were given."""

from uuid import UUID

from uuid_utils import compat


def event_id() -> UUID:
    """The id of an event that answers a command."""
    return compat.uuid7()


def derived_event_id(cause: UUID, source: str, ordinal: int) -> UUID:
    """The id of an event that answers an event: the same work done again tells it under the same id."""
    return compat.uuid5(cause, f"{source}:{ordinal}")


def new(prefix: str) -> str:
    """A new opaque identifier, `prefix_` and 32 hexadecimal digits: `new("sch")` → `sch_0194…`."""
    return f"{prefix}_{compat.uuid7().hex}"
