"""The rows of each service's domain that the ledger is compared with, and what may have made them.

A row is there because somebody's accepted request made it (`demo.ledger.steps` says which) or because an
event did that some other service told; `made_by` names such events, and the field that holds the row's key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a kind.

    Attributes:
        query: Reads them.
        key: The columns that tell one from another.
        made_by: Events that make a row, each with the fields that hold its key; empty where requests do.
    """

    query: str
    key: tuple[str, ...] = ("id",)
    made_by: Mapping[str, tuple[str, ...]] | None = None


TABLES: Final[Mapping[str, Mapping[str, Table]]] = {
    "applications": {
        "school": Table("select id, state from school"),
        "programme_year": Table("select year from programme_year", ("year",)),
        "call": Table("select id, state from call_for_applications"),
        "extension": Table("select call, school from extension", ("call", "school")),
        "application": Table("select id, school, kind, state, version, receipt from application"),
        "submission": Table("select application, version from submission", ("application", "version")),
        "document": Table("select id, application, name, digest from document"),
        "standing": Table(
            "select school, year, status from standing",
            ("school", "year"),
            {
                "preliminary-outcome-announced": ("school", "programme_year"),
                "school-selected": ("school", "programme_year"),
                "school-reserved": ("school", "programme_year"),
                "school-not-selected": ("school", "programme_year"),
                "school-relinquished": ("school", "programme_year"),
            },
        ),
        "review": Table(
            "select application from review",
            ("application",),
            {"eligibility-decided": ("application",), "evaluation-scheduled": ("application",)},
        ),
    },
    "evaluation": {
        "school": Table("select id from school", ("id",), {"school-registered": ("school",)}),
        "application": Table(
            "select id from application", ("id",), {"application-submitted": ("application",)}
        ),
        "participant": Table("select year, school from participant", ("year", "school")),
        "reviewer": Table("select id from reviewer"),
        "assignment": Table("select application, reviewer from assignment", ("application", "reviewer")),
        "sheet": Table("select application, reviewer from sheet", ("application", "reviewer")),
        "total": Table("select application from total", ("application",)),
        "run": Table("select id, stage, state from run"),
        "outcome": Table("select run, school, outcome, score from outcome", ("run", "school")),
        "standing": Table(
            "select school, state, designations from standing",
            ("school",),
            {
                "school-selected": ("school",),
                "school-reserved": ("school",),
                "school-not-selected": ("school",),
            },
        ),
        "offer": Table("select id, state from offer", ("id",), {"offer-made": ("offer",)}),
        "quota": Table("select name, at_most, held, offered from quota", ("name",)),
    },
    "placement": {
        "school": Table("select id from school", ("id",), {"school-registered": ("school",)}),
        "participation": Table(
            "select school, programme_year, state from participation",
            ("school", "programme_year"),
            {
                "school-selected": ("school", "programme_year"),
                "school-promoted": ("school", "programme_year"),
            },
        ),
        "company": Table("select id, state from company"),
        "agreement": Table("select id, state from bipartite_agreement"),
        "class": Table("select id, enrolled, capacity, state from employment_class"),
        "enrolment": Table("select student from enrolment", ("student",)),
        "opening": Table("select id, places, held, active, state from opening"),
        "round": Table("select id, state from matching_round"),
        "list": Table(
            "select round, student from preference where listed_at is not null", ("round", "student")
        ),
        "ranking": Table("select round, opening from ranking", ("round", "opening")),
        "offer": Table("select id, state from offer", ("id",), {"student-offered": ("offer",)}),
        "tripartite": Table("select id, state from tripartite_agreement"),
        "placement": Table(
            "select id, student, opening, state from placement", ("id",), {"student-placed": ("placement",)}
        ),
    },
    "notifications": {
        "contact": Table("select party from contact", ("party",)),
        "notice": Table("select event_id, template from notice", ("event_id", "template")),
        "delivery": Table("select delivery, event_id, template, channel, state from delivery", ("delivery",)),
    },
}
"""By service, then by a name of our own."""
