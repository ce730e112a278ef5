"""Rows that are there, and rows that accepted requests and events must have made."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

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
    return found | set(_by_events(evidence.told))


def _by_events(told: Iterable[Told]) -> Iterator[tuple[str, Row]]:
    by_name: dict[str, list[Told]] = defaultdict(list)
    for event in told:
        by_name[event.name].append(event)
    for service, tables in TABLES.items():
        for name, table in tables.items():
            for event_name, fields in (table.made_by or {}).items():
                for event in by_name[event_name]:
                    if table.by_imports or event.data.get("origin") != "imported":
                        yield service, (name, tuple(event.data[each] for each in fields))


def rows(evidence: Evidence) -> set[tuple[str, Row]]:
    """The rows that are there, of those that answers and events name one by one."""
    return {
        (service, (name, tuple(row[column] for column in TABLES[service][name].key)))
        for service, database in evidence.databases.items()
        for name, present in database.state.items()
        if TABLES[service][name].part_of is None
        for row in present
    }


def orphans(evidence: Evidence) -> Iterator[tuple[str, Row]]:
    """Rows that belong to something that is not there: to another row, or to an event that was never told."""
    events = {event.id for event in evidence.told}
    for service, tables in TABLES.items():
        state = evidence.databases[service].state
        for name, table in tables.items():
            if table.part_of is None:
                continue
            parent, column = table.part_of
            known = events if parent == "event" else {row[tables[parent].key[0]] for row in state[parent]}
            for row in state[name]:
                if row[column] not in known:
                    yield service, (name, (row[column],))


def twice(evidence: Evidence) -> Iterator[tuple[str, Row]]:
    """Rows that differ in nothing that tells them apart."""
    for service, database in evidence.databases.items():
        for name, present in database.state.items():
            keys = Counter(tuple(row[column] for column in TABLES[service][name].key) for row in present)
            yield from ((service, (name, key)) for key, count in keys.items() if count > 1)
