"""Rows that are there, and rows that accepted requests and events must have made."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from demo.ledger.evidence import Evidence, Told
from demo.ledger.state import TABLES
from demo.ledger.steps import STEPS, Row


def made(evidence: Evidence) -> set[tuple[str, Row]]:
    """The rows that accepted requests, and events that were told, have made."""
    found = {
        (entry.intent.service, row)
        for entry in evidence.entries
        if entry.ok and (step := STEPS.get((entry.intent.service, entry.intent.operation)))
        for row in step.makes(entry)
    }
    by_name: dict[str, list[Told]] = defaultdict(list)
    for event in evidence.told:
        by_name[event.name].append(event)
    for service, tables in TABLES.items():
        for name, table in tables.items():
            for event_name, fields in (table.made_by or {}).items():
                for event in by_name[event_name]:
                    found.add((service, (name, tuple(event.data[each] for each in fields))))
    return found


_MADE_TOGETHER: Final = {"notice", "delivery", "quota"}
"""Rows that come in any number of each event; who may have made them is checked by the events' ids."""


def rows(evidence: Evidence) -> set[tuple[str, Row]]:
    return {
        (service, (name, tuple(row[column] for column in TABLES[service][name].key)))
        for service, database in evidence.databases.items()
        for name, present in database.state.items()
        if name not in _MADE_TOGETHER
        for row in present
    }


def twice(evidence: Evidence) -> Iterator[tuple[str, Row]]:
    """Rows that differ in nothing that tells them apart."""
    for service, database in evidence.databases.items():
        for name, present in database.state.items():
            keys = Counter(tuple(row[column] for column in TABLES[service][name].key) for row in present)
            yield from ((service, (name, key)) for key, count in keys.items() if count > 1)
