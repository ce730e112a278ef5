"""What became of cohorts, by school."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from contracts import topics
from contracts.event import Event, Part
from contracts.placement.parties import SchoolEvent
from contracts.topics import Service, Topic
from contracts.values import Code, Count, Moment, Ordinal, Origin, Reason, SchoolId, Sequence

AsOf = Annotated[
    date,
    Field(description="Day in Korea on which the figures stood like this", examples=["2026-04-01"]),
]


class _Outcome(SchoolEvent):
    """Students of one cohort, those of the programme year, as they stood on a day."""

    as_of: AsOf
    revision: Annotated[Ordinal, Field(description="From 1, for this school, cohort and day")]
    enrolled: Annotated[Count, Field(description="Who was in a class", examples=[32])]
    graduates: Annotated[Count, Field(description="Of them, who graduated", examples=[31])]
    employed: Annotated[Count, Field(description="Of the graduates, at work on the day", examples=[22])]
    advanced: Annotated[Count, Field(description="Of the graduates, in advanced study", examples=[4])]
    enlisted: Annotated[Count, Field(description="Of the graduates, in military service", examples=[2])]
    excluded: Annotated[
        Count, Field(description="Of the graduates, left out by the official rule", examples=[1])
    ]
    due_6: Annotated[
        Count, Field(description="Placements whose sixth month was over by the day", examples=[20])
    ]
    retained_6: Annotated[Count, Field(description="Of them, confirmed as lasting", examples=[17])]
    due_12: Annotated[
        Count, Field(description="Placements whose twelfth month was over by the day", examples=[0])
    ]
    retained_12: Annotated[Count, Field(description="Of them, confirmed as lasting", examples=[0])]
    origin: Annotated[
        Code,
        Field(
            description="Counted here, or brought in from an earlier year", examples=["platform", "imported"]
        ),
    ]


class OutcomeReported(_Outcome):
    """What became of a school's cohort, told for the first time for a day: revision 1.

    The employment rate is employed ÷ (graduates - advanced - enlisted - excluded), retention is
    retained ÷ due, each at six and at twelve months.
    """

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "notifications")
    why: ClassVar[str] = "evaluation scores the school's next report by it; the school is told its figures"

    reported_at: Moment


class OutcomeCorrected(_Outcome):
    """Figures told before for the same day were wrong or incomplete; these stand in their place."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "notifications")
    why: ClassVar[str] = (
        "evaluation takes the newest revision until its figures are fixed; the school is told"
    )

    reason: Annotated[Reason, Field(examples=["late_evidence", "figures_recounted", "imported_again"])]
    corrected_at: Moment


class OutcomeStream(Part):
    """A school's stream and how far it had come when reporting was closed."""

    school: SchoolId
    sequence: Sequence


class OutcomeReportingClosed(Event):
    """Every school's figures of a cohort for a day were told; the manifest lists their streams."""

    topic: ClassVar[Topic] = topics.PLACEMENT
    key_field: ClassVar[str] = "programme_year"
    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "notifications")
    why: ClassVar[str] = (
        "evaluation knows from the manifest when it has every school's figures; officers are told"
    )

    as_of: AsOf
    schools: Annotated[Count, Field(description="Schools in the manifest", examples=[173])]
    unconfirmed: Annotated[
        Count, Field(description="Retention checks nobody answered, counted as not lasting", examples=[4])
    ]
    manifest: tuple[OutcomeStream, ...]
    origin: Origin = None
    closed_at: Moment
