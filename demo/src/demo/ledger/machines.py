"""Which events may follow which, for everything that has a life of its own."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from demo.ledger.evidence import Told

Transitions = Mapping[str, Mapping[str, str]]
"""By event: the state it may be told in, and the one it leads to. The state before the first is empty."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The life of a kind of thing.

    Attributes:
        id: Fields of the event's data that tell one from another.
        transitions: By the event's name.
    """

    id: tuple[str, ...]
    transitions: Transitions


def _once(name: str) -> Transitions:
    return {name: {"": name}}


OVER: Final = "over"
"""An agreement that carries nothing more, however that came about."""

MACHINES: Final[Mapping[str, Machine]] = {
    "school": Machine(
        ("school",),
        {
            "school-registered": {"": "open"},
            "school-renamed": {"open": "open"},
            "school-closed": {"open": "closed"},
        },
    ),
    "programme year": Machine(("programme_year",), _once("programme-year-opened")),
    "call": Machine(
        ("call",),
        {
            "call-opened": {"": "announced"},
            "call-amended": {"announced": "announced"},
            "extension-granted": {"announced": "announced"},
            "call-closed": {"announced": "closed"},
        },
    ),
    "application": Machine(
        ("application",),
        {
            "application-submitted": {"": "submitted"},
            "application-amended": {"submitted": "submitted"},
            "application-withdrawn": {"submitted": "withdrawn"},
        },
    ),
    "review": Machine(
        ("application",),
        {
            "eligibility-decided": {"": "decided", "decided": "decided"},
            "evaluation-scheduled": {"decided": "decided"},
        },
    ),
    "assignment": Machine(
        ("reviewer", "application", "stage"),
        {
            "reviewer-assigned": {"": "assigned"},
            "reviewer-recused": {"assigned": "recused"},
            "reviewer-released": {"assigned": "released"},
        },
    ),
    "run": Machine(
        ("run",),
        {
            "run-proposed": {"": "proposed"},
            "run-approved": {"proposed": "approved"},
            "results-published": {"approved": "published", "": "published"},
        },
    ),
    "standing": Machine(
        ("programme_year", "school"),
        {
            "preliminary-outcome-announced": {"": "preliminary", "preliminary": "preliminary"},
            "school-selected": {"preliminary": "selected"},
            "school-reserved": {"preliminary": "reserve"},
            "school-not-selected": {"preliminary": "not_selected", "": "not_selected"},
            "school-promoted": {"reserve": "selected", "selected": "selected"},
            "school-relinquished": {"selected": "relinquished", "reserve": "relinquished"},
            "school-revoked": {"selected": "revoked"},
        },
    ),
    "appeal": Machine(
        ("appeal",), {"appeal-received": {"": "received"}, "appeal-decided": {"received": "decided"}}
    ),
    "place offered": Machine(
        ("offer",),
        {
            "offer-made": {"": "pending"},
            "offer-accepted": {"pending": "accepted"},
            "offer-declined": {"pending": "declined"},
            "offer-expired": {"pending": "expired"},
        },
    ),
    "company": Machine(
        ("company",),
        {
            "company-approved": {"": "approved"},
            "company-suspended": {"approved": "suspended"},
            "company-reinstated": {"suspended": "approved"},
        },
    ),
    "agreement": Machine(
        ("agreement",),
        {
            "agreement-proposed": {"": "proposed"},
            "agreement-in-force": {"proposed": "in_force"},
            "agreement-changed": {"in_force": "in_force"},
            "agreement-ended": {"proposed": OVER, "in_force": OVER},
        },
    ),
    "class": Machine(
        ("employment_class",),
        {
            "class-opened": {"": "open"},
            "class-changed": {"open": "open"},
            "class-closed": {"open": "closed"},
        },
    ),
    "opening": Machine(
        ("opening",),
        {
            "opening-published": {"": "published"},
            # Again after a placement ended: that its place is free is told in no event.
            "opening-filled": {"published": "filled", "filled": "filled", "withdrawn": "withdrawn"},
            "opening-changed": {"published": "published", "filled": "published"},
            "opening-withdrawn": {"published": "withdrawn", "filled": "withdrawn"},
        },
    ),
    "enrolment": Machine(
        ("student", "employment_class"),
        {
            "student-enrolled": {"": "enrolled", "left": "enrolled"},
            "student-transferred": {"": "enrolled", "left": "enrolled"},
            "student-left": {"enrolled": "left"},
        },
    ),
    "round of a student": Machine(
        ("student", "round"),
        {
            "preferences-opened": {"": "invited"},
            "student-offered": {"invited": "offered"},
            "student-unmatched": {"invited": "unmatched"},
        },
    ),
    "offer of work": Machine(
        ("offer",),
        {
            "student-offered": {"": "offered"},
            "student-accepted": {"offered": "accepted"},
            "student-declined": {"offered": "declined"},
            "student-offer-expired": {"offered": "expired"},
            "student-offer-withdrawn": {"offered": "withdrawn"},
        },
    ),
    "tripartite agreement": Machine(
        ("agreement",),
        {
            "student-accepted": {"": "drafted"},
            "student-agreement-drafted": {"": "drafted"},
            "student-placed": {"drafted": "in_force"},
            "student-agreement-ended": {"drafted": OVER},
        },
    ),
    "placement": Machine(
        ("placement",),
        {
            "student-placed": {"": "active"},
            "placement-ended": {"active": "ended"},
            "placement-end-corrected": {"ended": "ended"},
            "placement-resumed": {"ended": "active"},
        },
    ),
    "retention check": Machine(
        ("placement", "months"),
        {
            "retention-due": {"": "due"},
            "retention-checked": {"": "answered", "due": "answered", "answered": "answered"},
        },
    ),
    "outcome": Machine(
        ("programme_year", "school", "as_of"),
        {
            "outcome-reported": {"": "reported"},
            "outcome-corrected": {"reported": "reported"},
        },
    ),
    "outcome reporting": Machine(("programme_year", "as_of"), _once("outcome-reporting-closed")),
    "delivery": Machine(
        ("delivery",),
        {"notification-delivered": {"": "delivered"}, "notification-failed": {"": "failed"}},
    ),
}
"""By what it is the life of."""

ROWS: Final[Mapping[str, tuple[str, str]]] = {
    "call": ("applications", "call"),
    "application": ("applications", "application"),
    "place offered": ("evaluation", "offer"),
    "agreement": ("placement", "agreement"),
    "class": ("placement", "class"),
    "opening": ("placement", "opening"),
    "offer of work": ("placement", "offer"),
    "tripartite agreement": ("placement", "tripartite"),
    "placement": ("placement", "placement"),
}
"""Machines whose last state the row of the same id must have: the service and the name of its table."""


@dataclass(slots=True)
class Lives:
    """Every life that the events tell: the last state by machine and id, and what was not allowed."""

    states: dict[str, dict[tuple[str, ...], str]]
    illegal: list[str]
    steps: int


def replay(told: Iterable[Told]) -> Lives:
    """Follow the events in the order of their streams; one that comes twice counts once."""
    lives = Lives({name: {} for name in MACHINES}, [], 0)
    seen: set[str] = set()
    for event in told:
        if event.id in seen or event.data.get("origin") == "imported":
            continue
        seen.add(event.id)
        for name, machine in _concerned(event):
            identity = tuple(str(event.data[field]) for field in machine.id)
            before = lives.states[name].get(identity, "")
            after = machine.transitions[event.name].get(before)
            lives.steps += 1
            if after is None:
                where = f"{event.topic}/{event.partition}@{event.offset}"
                lives.illegal.append(f"{name} {identity}: {event.name} in state {before!r} ({where})")
            else:
                lives.states[name][identity] = after
    return lives


def _concerned(event: Told) -> Iterator[tuple[str, Machine]]:
    for name, machine in MACHINES.items():
        if event.name in machine.transitions:
            yield name, machine
