"""Retention checks as schools, companies and officers see them, overdue ones among them."""

from datetime import date, datetime
from typing import Final, Literal, Self

from pydantic import Field, Json

from chassis.transaction import ReadTransaction
from placement.domain.placements import Source
from placement.domain.retention import CheckState
from placement.domain.vocabulary import Side
from placement.views.shapes import CompanyRef, Page, PlacementRef, SchoolRef, StudentRef, View, page


class SaidView(View):
    """What was said of a check, the last word at the end."""

    revision: int
    retained: bool
    source: Source
    answered_at: datetime


class CheckView(View):
    id: str = Field(examples=["plc_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6:6"])
    placement: PlacementRef
    months: int = Field(examples=[6])
    programme_year: int
    student: StudentRef
    school: SchoolRef
    school_name_ko: str
    company: CompanyRef
    company_name_ko: str
    starts_on: date
    due_on: date = Field(description="The day in Korea for which it is asked")
    state: CheckState
    answer_until: datetime = Field(description="First moment at which an answer is late")
    overdue: bool
    retained: bool | None
    source: Source | None
    answered_at: datetime | None
    said: Json[list[SaidView]]


class CheckFilter(View):
    """Checks of a year by due day; parties see their own whatever they ask for."""

    programme_year: int = Field(ge=2008, le=2999)
    state: Literal["scheduled", "due", "overdue", "answered", "void"] | None = None
    months: int | None = Field(default=None, ge=6, le=12, description="6 or 12", examples=[6])
    school: str | None = Field(default=None, max_length=64)
    company: str | None = Field(default=None, max_length=64)
    after: str | None = Field(default=None, max_length=80)
    limit: int = Field(default=200, ge=1, le=1000)

    def of(self, side: Side, party: str) -> Self:
        """The same, for the checks of one party alone."""
        return self.model_copy(update={side.value: party})


_CHECK: Final = """
  select k.placement || ':' || lpad(k.months::text, 2, '0') as id, k.*, p.student, p.starts_on,
    s.name_ko as school_name_ko, c.name_ko as company_name_ko,
    k.state = 'due' and k.answer_until <= programme_clock() as overdue,
    coalesce((
      select json_agg(json_build_object('revision', a.revision, 'retained', a.retained, 'source', a.source,
        'answered_at', a.answered_at) order by a.revision)
      from retention_answer a where a.placement = k.placement and a.months = k.months
    ), '[]')::text as said
  from retention_check k
  join placement p on p.id = k.placement
  join school s on s.id = k.school
  join company c on c.id = k.company"""


async def checks(tx: ReadTransaction, wanted: CheckFilter) -> Page[CheckView]:
    rows = await tx.fetch(
        f"""{_CHECK}
        where k.programme_year = $1
          and ($2::text is null or k.state = case $2 when 'overdue' then 'due' else $2 end)
          and ($2::text is distinct from 'overdue' or k.answer_until <= programme_clock())
          and ($3::integer is null or k.months = $3)
          and ($4::text is null or k.school = $4) and ($5::text is null or k.company = $5)
          and ($6::text is null or k.placement || ':' || lpad(k.months::text, 2, '0') > $6)
        order by 1 limit $7
        """,
        wanted.programme_year,
        wanted.state,
        wanted.months,
        wanted.school,
        wanted.company,
        wanted.after,
        wanted.limit + 1,
    )
    return page(CheckView, rows, wanted.limit)


async def checks_of(tx: ReadTransaction, placements: list[str]) -> list[CheckView]:
    """The checks of these placements, by placement and months."""
    rows = await tx.fetch(f"{_CHECK} where k.placement = any($1) order by 1", placements)
    return [CheckView.model_validate(dict(row)) for row in rows]
