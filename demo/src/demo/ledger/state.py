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
        by_imports: Whether an event about an earlier year that was brought in makes one as well.
        part_of: For rows that neither an answer nor an event names one by one: the table of the rows they
            belong to, and the column that says to which.
    """

    query: str
    key: tuple[str, ...] = ("id",)
    made_by: Mapping[str, tuple[str, ...]] | None = None
    by_imports: bool = True
    part_of: tuple[str, str] | None = None


TABLES: Final[Mapping[str, Mapping[str, Table]]] = {
    "applications": {
        "school": Table("select id, state from school"),
        "programme_year": Table("select year from programme_year", ("year",)),
        "call": Table("select id, state from call_for_applications"),
        "extension": Table("select call, school from extension", ("call", "school")),
        "application": Table("select id, school, year, kind, state, version, receipt from application"),
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
        "assignment": Table(
            "select application, reviewer, stage, state from assignment",
            ("application", "reviewer", "stage"),
            {"reviewer-assigned": ("application", "reviewer", "stage")},
        ),
        "sheet": Table(
            """
            select distinct s.application, s.reviewer from sheet t join assignment s on s.id = t.assignment
            """,
            ("application", "reviewer"),
        ),
        "total": Table(
            "select application from total", ("application",), part_of=("application", "application")
        ),
        "run": Table("select id, stage, state from run where stage <> 'promotion'"),
        "outcome": Table(
            """
            select o.run, o.school, o.outcome, o.score from outcome o join run r on r.id = o.run
            where r.stage <> 'promotion'
            """,
            ("run", "school"),
            part_of=("run", "run"),
        ),
        "standing": Table(
            "select year, school, state, designations from standing",
            ("year", "school"),
            {
                "school-selected": ("programme_year", "school"),
                "school-reserved": ("programme_year", "school"),
                "school-not-selected": ("programme_year", "school"),
            },
            by_imports=False,
        ),
        "offer": Table("select id, state from offer", ("id",), {"offer-made": ("offer",)}),
        "appeal": Table("select id, state from appeal", ("id",), {"appeal-received": ("appeal",)}),
        "what_if": Table("select id from what_if where appeal is null"),
        "programme_year": Table(
            "select year from programme_year", ("year",), {"programme-year-opened": ("programme_year",)}
        ),
        "quota": Table(
            "select name, year, at_most, held, offered from quota",
            ("year", "name"),
            part_of=("programme_year", "year"),
        ),
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
        "agreement": Table(
            """
            select id, case when state in ('proposed', 'in_force') then state else 'over' end as state
            from bipartite_agreement
            """
        ),
        "class": Table("select id, enrolled, capacity, state from employment_class"),
        "import": Table("select id, state from import_job"),
        "enrolment": Table(
            "select distinct student from enrolment", ("student",), {"student-enrolled": ("student",)}
        ),
        "opening": Table("select id, places, held, active, state from opening"),
        "round": Table("select id, state from matching_round"),
        "list": Table(
            "select round, student from preference where listed_at is not null", ("round", "student")
        ),
        "ranking": Table("select round, opening from ranking", ("round", "opening")),
        "offer": Table("select id, state from offer", ("id",), {"student-offered": ("offer",)}),
        # That one ended with its placement is told of the placement.
        "tripartite": Table(
            """
            select id, case when state in ('withdrawn', 'lapsed') then 'over'
              when state in ('ended', 'expired') then 'in_force' else state end as state
            from tripartite_agreement
            """
        ),
        "placement": Table(
            "select id, student, opening, state from placement", ("id",), {"student-placed": ("placement",)}
        ),
        "outcome": Table(
            "select distinct programme_year, school, as_of::text as as_of from outcome_report",
            ("programme_year", "school", "as_of"),
            {"outcome-reported": ("programme_year", "school", "as_of")},
        ),
    },
    "notifications": {
        "contact": Table("select party from contact", ("party",)),
        "notice": Table(
            "select event_id, template from notice",
            ("event_id", "template"),
            part_of=("event", "event_id"),
        ),
        "delivery": Table(
            "select delivery, event_id, template, channel, state from delivery",
            ("delivery",),
            part_of=("event", "event_id"),
        ),
    },
}
"""By service, then by a name of our own."""
