"""Every event there is, by the type its envelope names."""

from collections.abc import Iterator, Mapping
from inspect import isclass
from types import MappingProxyType, ModuleType
from typing import Final

from contracts import audit, notifications, students
from contracts.applications import calls, schools, submissions
from contracts.evaluation import appeals, offers, results, reviews, runs
from contracts.event import Event
from contracts.placement import agreements, classes, companies, outcomes


def _events_of(module: ModuleType) -> Iterator[type[Event]]:
    """The events a module defines, in the order of its text; names with an underscore are their bases."""
    for name, member in vars(module).items():
        if name.startswith("_") or not isclass(member) or member.__module__ != module.__name__:
            continue
        if issubclass(member, Event):
            yield member


EVENTS: Final[Mapping[str, type[Event]]] = MappingProxyType(
    {
        event.type: event
        for module in (
            schools,
            calls,
            submissions,
            runs,
            results,
            offers,
            reviews,
            appeals,
            agreements,
            classes,
            companies,
            outcomes,
            students,
            notifications,
            audit,
        )
        for event in _events_of(module)
    }
)
"""By `ce_type`, in the order of the topics and of their modules."""
