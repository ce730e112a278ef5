"""What waits for somebody, one by one, the longest wait first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, get_args

from pydantic import Field

from chassis.refusals import Invalid
from chassis.transaction import ReadTransaction
from placement.views.shapes import CompanyRef, Limit, SchoolRef, StudentRef, View

Kind = Literal[
    "company_to_approve",
    "agreement_unsigned",
    "placement_unsigned",
    "offer_unanswered",
    "opening_unfilled",
    "check_overdue",
    "student_searching",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class StuckView(View):
    """Something that waits; ids and names of those it concerns, as far as it concerns them."""

    kind: Kind
    id: str = Field(description="Of the company, agreement, offer, opening, student, or placement:months")
    programme_year: int | None
    province: str = Field(description="Of the school; of the work for an opening; of a company alone its own")
    since: datetime = Field(description="Since when it waits")
    until: datetime | None = Field(description="First moment that is too late, where there is one")
    school: SchoolRef | None
    school_name_ko: str | None
    company: CompanyRef | None
    company_name_ko: str | None
    student: StudentRef | None
    waits_for: list[str] = Field(description="Whose turn it is", examples=[["company"]])


class StuckPage(View):
    items: list[StuckView]
    next: str | None = Field(description="Give it as `after` for what follows; null at the end")


class StuckFilter(View):
    kind: Kind
    programme_year: int | None = Field(default=None, ge=2008, le=2999)
    province: str | None = Field(default=None, max_length=40)
    after: str | None = Field(default=None, max_length=160)
    limit: Limit = 200


async def stuck(tx: ReadTransaction, wanted: StuckFilter) -> StuckPage:
    """Raises: Invalid: `cursor_unknown`."""
    since, last = _place(wanted.after)
    rows = await tx.fetch(
        f"""
        select * from ({_WAITING[wanted.kind]}) w
        where ($1::integer is null or w.programme_year = $1) and ($2::text is null or w.province = $2)
          and ($3::timestamptz is null or (w.since, w.id) > ($3, $4::text))
        order by w.since, w.id limit $5
        """,
        wanted.programme_year,
        wanted.province,
        since,
        last,
        wanted.limit + 1,
    )
    items = [StuckView(kind=wanted.kind, **row) for row in rows[: wanted.limit]]
    more = len(rows) > wanted.limit
    return StuckPage(items=items, next=f"{items[-1].since.isoformat()}~{items[-1].id}" if more else None)


def _place(after: str | None) -> tuple[datetime | None, str | None]:
    if after is None:
        return None, None
    moment, _, last = after.partition("~")
    try:
        since = datetime.fromisoformat(moment)
    except ValueError:
        since = None
    if since is None or since.tzinfo is None or not last:
        raise Invalid("cursor_unknown", "after is not the `next` of a page before", "query.after")
    return since, last


_WAITING: Final[Mapping[Kind, str]] = {
    "company_to_approve": """
      select c.id, null::integer as programme_year, c.province, c.registered_at as since,
        null::timestamptz as until, null::text as school, null::text as school_name_ko, c.id as company,
        c.name_ko as company_name_ko, null::text as student, array['officer'] as waits_for
      from company c where c.state = 'registered'""",
    "agreement_unsigned": """
      select a.id, a.programme_year, s.province, a.proposed_at as since,
        (a.ends_on + 1)::timestamp at time zone 'Asia/Seoul' as until, s.id as school,
        s.name_ko as school_name_ko, c.id as company, c.name_ko as company_name_ko, null::text as student,
        array[case when a.school_signed_at is null then 'school' else 'company' end] as waits_for
      from bipartite_agreement a join school s on s.id = a.school join company c on c.id = a.company
      where a.state = 'proposed'""",
    "placement_unsigned": """
      select a.id, a.programme_year, s.province, a.drafted_at as since, a.sign_until as until, s.id as school,
        s.name_ko as school_name_ko, c.id as company, c.name_ko as company_name_ko, a.student,
        array_remove(array[
          case when a.student_signed_at is null then 'student' end,
          case when a.school_signed_at is null then 'school' end,
          case when a.company_signed_at is null then 'company' end], null) as waits_for
      from tripartite_agreement a join school s on s.id = a.school join company c on c.id = a.company
      where a.state = 'drafted'""",
    "offer_unanswered": """
      select o.id, o.programme_year, s.province, o.offered_at as since, o.expires_at as until, s.id as school,
        s.name_ko as school_name_ko, c.id as company, c.name_ko as company_name_ko, o.student,
        array['student'] as waits_for
      from offer o join employment_class e on e.id = o.employment_class join school s on s.id = e.school
      join opening w on w.id = o.opening join company c on c.id = w.company
      where o.state = 'offered'""",
    "opening_unfilled": """
      select o.id, o.programme_year, o.province, o.published_at as since,
        o.starts_on::timestamp at time zone 'Asia/Seoul' as until, null::text as school,
        null::text as school_name_ko, c.id as company, c.name_ko as company_name_ko, null::text as student,
        array['matching'] as waits_for
      from opening o join company c on c.id = o.company
      where o.state = 'published' and o.held < o.places""",
    "check_overdue": """
      select k.placement || ':' || lpad(k.months::text, 2, '0') as id, k.programme_year, s.province,
        k.answer_until as since, null::timestamptz as until, s.id as school, s.name_ko as school_name_ko,
        c.id as company, c.name_ko as company_name_ko, p.student, array['company', 'school'] as waits_for
      from retention_check k join placement p on p.id = k.placement
      join school s on s.id = k.school join company c on c.id = k.company
      where k.state = 'due' and k.answer_until <= (select programme_clock())""",
    "student_searching": """
      select e.student as id, e.programme_year, s.province, e.enrolled_at as since,
        (c.ends_on + 1)::timestamp at time zone 'Asia/Seoul' as until, s.id as school,
        s.name_ko as school_name_ko, null::text as company, null::text as company_name_ko, e.student,
        array['matching'] as waits_for
      from enrolment e join employment_class c on c.id = e.employment_class join school s on s.id = c.school
      where e.state = 'active'
        and not exists (select from placement x where x.student = e.student and x.state = 'active')
        and not exists (
          select from tripartite_agreement x where x.student = e.student and x.state = 'drafted')
        and not exists (select from offer x where x.student = e.student and x.state = 'offered')""",
}
"""By kind, with the columns of `StuckView`."""
