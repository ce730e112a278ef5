"""Matching rounds: their windows for everybody, candidates for companies, the proof for auditors."""

from datetime import datetime

from pydantic import Field

from chassis.refusals import Conflict, NotFound
from chassis.transaction import ReadTransaction
from placement.domain.vocabulary import RoundState
from placement.views.shapes import (
    ClassRef,
    CompanyRef,
    OpeningRef,
    RoundRef,
    SchoolRef,
    StudentRef,
    View,
    found,
)


class RoundView(View):
    id: str = Field(examples=["mat_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    programme_year: int = Field(examples=[2025])
    number: int = Field(examples=[1])
    state: RoundState
    lot_source: str
    opened_at: datetime
    preferences_until: datetime = Field(description="First moment too late for a student's list")
    rankings_until: datetime = Field(description="First moment too late for a company's ranking")
    closed_at: datetime | None
    decided_at: datetime | None
    rule: str | None = Field(examples=["matching-1"])
    code: str | None
    snapshot_sha256: str | None
    result_sha256: str | None
    students: int = Field(description="Who takes part")
    offers: int
    unmatched: int


class CandidateView(View):
    student: StudentRef
    school: SchoolRef
    school_name_ko: str
    employment_class: ClassRef
    track: str


class CandidatesOfOpening(View):
    """Who lists an opening, by id: where it stands in a list is the student's own affair."""

    opening: OpeningRef
    students: list[CandidateView]


class Awaited(View):
    """A company whose openings students list, and which has not ranked all of them."""

    company: CompanyRef
    company_name_ko: str
    company_name_en: str | None
    openings: list[str] = Field(description="Listed by somebody, not ranked yet")
    students: int = Field(description="Who lists them")


class WaitingView(View):
    """Whom a round waits for; what is not given in time is taken as it is."""

    round: RoundRef
    students: int = Field(description="Who takes part")
    without_list: int = Field(description="Students who list nothing so far")
    companies: list[Awaited]


_ROUND = """
  select r.id, r.programme_year, r.number, r.state, r.lot_source, r.opened_at, r.preferences_until,
    r.rankings_until, r.closed_at, r.decided_at, r.rule, r.code, r.snapshot_sha256, r.result_sha256,
    (select count(*) from preference p where p.round = r.id) as students,
    (select count(*) from offer o where o.round = r.id) as offers,
    (select count(*) from explanation e
      where e.round = r.id and e.told ? 'student' and e.told ->> 'opening' is null) as unmatched
  from matching_round r"""


async def rounds(tx: ReadTransaction, programme_year: int) -> list[RoundView]:
    rows = await tx.fetch(f"{_ROUND} where r.programme_year = $1 order by r.number", programme_year)
    return [RoundView(**row) for row in rows]


async def round_(tx: ReadTransaction, round_id: str) -> RoundView:
    return RoundView(**found(await tx.fetchrow(f"{_ROUND} where r.id = $1", round_id), "round"))


async def waiting(tx: ReadTransaction, round_id: str) -> WaitingView:
    """Who has not listed and who has not ranked; counts of students only, their wishes stay their own."""
    counts = await tx.fetchrow(
        """
        select r.id as round, count(p.student) as students,
          count(p.student) filter (where p.openings = '{}') as without_list
        from matching_round r left join preference p on p.round = r.id
        where r.id = $1 group by r.id
        """,
        round_id,
    )
    rows = await tx.fetch(
        """
        select o.company, c.name_ko as company_name_ko, c.name_en as company_name_en,
          array_agg(distinct o.id order by o.id) as openings, count(distinct p.student)::integer as students
        from preference p
        cross join unnest(p.openings) as listed (opening)
        join opening o on o.id = listed.opening
        join company c on c.id = o.company
        where p.round = $1 and not exists (select from ranking k where k.round = $1 and k.opening = o.id)
        group by o.company, c.name_ko, c.name_en order by o.company
        """,
        round_id,
    )
    return WaitingView(**found(counts, "round"), companies=[Awaited(**row) for row in rows])


async def candidates(tx: ReadTransaction, round_id: str, company: str) -> list[CandidatesOfOpening]:
    """Who lists the openings of a company; told when the lists can change no more.

    Raises:
        Conflict: `preferences_open`, before the students' deadline.
    """
    row = await tx.fetchrow(
        "select programme_year, preferences_until from matching_round where id = $1", round_id
    )
    described = found(row, "round")
    if await tx.now() < described["preferences_until"]:
        until = described["preferences_until"].isoformat()
        raise Conflict("preferences_open", f"Students may change their lists until {until}", "round")
    rows = await tx.fetch(
        """
        select o.id as opening, p.student, s.school, h.name_ko as school_name_ko, e.employment_class, c.track
        from opening o
        join preference p on p.round = $1 and o.id = any(p.openings)
        join student s on s.id = p.student
        join school h on h.id = s.school
        join enrolment e on e.student = s.id and e.state = 'active'
        join employment_class c on c.id = e.employment_class
        where o.company = $2 and o.programme_year = $3
        order by o.id, p.student
        """,
        round_id,
        company,
        described["programme_year"],
    )
    listed: dict[str, list[CandidateView]] = {}
    for each in rows:
        listed.setdefault(each["opening"], []).append(CandidateView(**each))
    return [CandidatesOfOpening(opening=opening, students=those) for opening, those in listed.items()]


async def snapshot(tx: ReadTransaction, round_id: str) -> bytes:
    """The bytes that were hashed and decided over."""
    return await _proof(tx, round_id, "snapshot")


async def result(tx: ReadTransaction, round_id: str) -> bytes:
    """The bytes of the result."""
    return await _proof(tx, round_id, "result")


async def _proof(tx: ReadTransaction, round_id: str, what: str) -> bytes:
    row = await tx.fetchrow("select snapshot, result from matching_round where id = $1", round_id)
    kept: bytes | None = found(row, "round")[what]
    if kept is None:
        raise NotFound("round_undecided", "The round has not been run yet", "round")
    return kept
