"""What all events have in common."""

import re
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict

from contracts.topics import Service, Topic
from contracts.values import ProgrammeYear

_WORD_STARTS = re.compile(r"(?<!^)(?=[A-Z])")


class Part(BaseModel):
    """A group of facts inside an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(BaseModel):
    """A fact that one service tells the others.

    Writers are strict: unknown fields are refused. Readers are tolerant: `read` ignores them, at every depth.
    The class carries what the envelope and the catalogue need: `type` and `dataschema` are derived from the
    topic and the class's name, `read_by` names the services that act on it, `why` what they need it for.
    """

    # A service reads few of all events: what checks one is built when the first of its kind comes.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    topic: ClassVar[Topic]
    key_field: ClassVar[str]
    read_by: ClassVar[tuple[Service, ...]]
    why: ClassVar[str]
    type: ClassVar[str]
    dataschema: ClassVar[str]

    programme_year: ProgrammeYear

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        topic: Topic | None = getattr(cls, "topic", None)
        if topic is not None:
            name = _WORD_STARTS.sub("-", cls.__name__).lower()
            cls.type = f"ieum.{topic.area}.{name}.v1"
            cls.dataschema = f"urn:ieum:schema:{cls.type}"

    def key(self) -> str:
        """The key of its Kafka record: events of one key keep their order."""
        return str(getattr(self, self.key_field))

    def write(self) -> bytes:
        """The event as JSON in UTF-8."""
        return self.model_dump_json().encode()

    @classmethod
    def read(cls, data: bytes) -> Self:
        """The event in `data`, what it does not know ignored.

        Raises:
            pydantic.ValidationError: What it does know breaks the schema.
        """
        return cls.model_validate_json(data, extra="ignore")
