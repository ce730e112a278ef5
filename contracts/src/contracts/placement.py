"""What the placement service tells of schools and companies: agreements, classes, openings, outcomes."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from contracts import topics
from contracts.event import Event, Part
from contracts.topics import Service, Topic
from contracts.values import (
    AgreementId,
    ClassId,
    Code,
    CompanyId,
    Count,
    Moment,
    OpeningId,
    Ordinal,
    OrganisationName,
    Origin,
    Province,
    Reason,
    SchoolId,
    Sequence,
    Track,
)

AsOf = Annotated[
    date,
    Field(description="Day in Korea on which the figures stood like this", examples=["2026-04-01"]),
]


class _SchoolEvent(Event):
    topic: ClassVar[Topic] = topics.PLACEMENT
    key_field: ClassVar[str] = "school"

    school: SchoolId
    school_name_ko: Annotated[OrganisationName, Field(examples=["한빛공업고등학교"])]
    school_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Technical High School"])]
    province: Annotated[Province, Field(description="Province of the school")]


class _AgreementEvent(_SchoolEvent):
    agreement: AgreementId
    company: CompanyId
    company_name_ko: Annotated[OrganisationName, Field(examples=["한빛정밀"])]
    company_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Precision"])]
    company_province: Province
    starts_on: Annotated[date, Field(examples=["2025-04-01"])]
    ends_on: Annotated[date, Field(description="Last day in force", examples=["2026-02-28"])]


class AgreementProposed(_AgreementEvent):
    """A bipartite agreement of a school and a company waits for signatures."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "both parties are asked to sign"

    proposed_at: Moment


class AgreementInForce(_AgreementEvent):
    """Both parties signed; classes, rosters and openings may rest on the agreement."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "both parties are told"

    in_force_at: Moment


class AgreementChanged(_AgreementEvent):
    """Both parties signed another term of a bipartite agreement in force."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "both parties are told"

    changed_at: Moment


class AgreementEnded(_AgreementEvent):
    """A bipartite agreement carries nothing new: withdrawn unsigned, ended early, or expired by date."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "both parties are told"

    was_in_force: Annotated[bool, Field(examples=[True])]
    reason: Annotated[Reason, Field(examples=["term_over", "company_closed", "by_mutual_consent"])]
    ended_by: Annotated[Code, Field(examples=["school", "company", "officer", "deadline"])]
    ended_at: Moment


class _ClassEvent(_SchoolEvent):
    employment_class: ClassId
    track: Track


class ClassOpened(_ClassEvent):
    """A selected school opened an employment-customised class."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the school gets a confirmation, the companies of the class are told"

    field: Annotated[Code, Field(description="What is taught", examples=["smart_factory", "ai", "welding"])]
    capacity: Annotated[Ordinal, Field(description="Students it takes at most", examples=[20])]
    companies: Annotated[tuple[CompanyId, ...], Field(min_length=1)]
    starts_on: Annotated[date, Field(examples=["2025-05-01"])]
    ends_on: Annotated[date, Field(examples=["2025-12-31"])]
    opened_at: Moment


class ClassChanged(_ClassEvent):
    """A class goes on under another plan: as its school wants it, or without a company that left."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the school is told"

    field: Annotated[Code, Field(description="What is taught", examples=["smart_factory", "ai", "welding"])]
    hours: Annotated[Ordinal, Field(description="Hours of training", examples=[350])]
    capacity: Annotated[Ordinal, Field(description="Students it takes at most", examples=[20])]
    companies: Annotated[tuple[CompanyId, ...], Field(min_length=1)]
    starts_on: Annotated[date, Field(examples=["2025-05-01"])]
    ends_on: Annotated[date, Field(examples=["2025-12-31"])]
    changed_at: Moment


class ClassClosed(_ClassEvent):
    """A class takes no one new; its present students are seen through."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the school is told"

    students: Annotated[Count, Field(description="Students who are in it and stay")]
    reason: Annotated[Reason, Field(examples=["school_relinquished", "school_revoked", "ended"])]
    closed_at: Moment


class _CompanyEvent(Event):
    topic: ClassVar[Topic] = topics.PLACEMENT
    key_field: ClassVar[str] = "company"

    company: CompanyId
    company_name_ko: Annotated[OrganisationName, Field(examples=["한빛정밀"])]
    company_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Precision"])]


class CompanyApproved(_CompanyEvent):
    """A company may sign agreements and publish openings."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company is told"

    province: Province
    industry: Annotated[Code, Field(examples=["machinery", "electronics", "software", "food"])]
    employees: Annotated[Count, Field(description="Number of employees", examples=[35])]
    approved_at: Moment


class CompanySuspended(_CompanyEvent):
    """A company takes no new students; offers and unsigned agreements with it are withdrawn."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company is told; officers are told how many students are to be followed up"

    province: Province
    reason: Annotated[Reason, Field(examples=["labour_law_violation", "sme_status_lost", "wages_unpaid"])]
    students: Annotated[Count, Field(description="Students at work there, to be followed up")]
    suspended_at: Moment


class CompanyReinstated(_CompanyEvent):
    """A suspended company may take new students again."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company is told"

    reinstated_at: Moment


class _OpeningEvent(_CompanyEvent):
    opening: OpeningId
    places: Annotated[Count, Field(examples=[2])]


class _OfferedWork(_OpeningEvent):
    schools: Annotated[tuple[SchoolId, ...], Field(description="Schools with an agreement in force")]
    province: Annotated[Province, Field(description="Province of the work")]
    field: Annotated[Code, Field(description="Kind of work", examples=["smart_factory", "ai", "welding"])]
    wage_krw_per_hour: Annotated[Count, Field(examples=[10500])]
    hours_per_week: Annotated[int, Field(ge=1, le=168, examples=[35])]
    starts_on: Annotated[date, Field(examples=["2026-01-05"])]


class OpeningPublished(_OfferedWork):
    """A company offers places that students may list in their preferences."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company gets a confirmation, schools of its agreements are told"

    published_at: Moment


class OpeningChanged(_OfferedWork):
    """A company changed what an opening offers, while nobody held a place on other terms."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "schools of the company's agreements are told"

    changed_at: Moment


class OpeningWithdrawn(_OpeningEvent):
    """An opening offers no place to anyone new; what is held of it goes on."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company is told, also where its last agreement took the opening away"

    reason: Annotated[Reason, Field(examples=["agreement_over", "order_lost"])]
    held: Annotated[Count, Field(description="Places of offers, agreements and placements that go on")]
    withdrawn_at: Moment


class OpeningFilled(_OpeningEvent):
    """Every place of an opening is taken by an active placement."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company is told"

    filled_at: Moment


class _Outcome(_SchoolEvent):
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
