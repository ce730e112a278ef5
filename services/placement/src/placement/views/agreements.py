"""Bipartite and tripartite agreements, as their parties and officers see them."""

from datetime import date, datetime
from typing import Any, Self

from pydantic import Field

from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction
from placement.domain.vocabulary import BipartiteState, OverBy, Route, Side, TripartiteState
from placement.views.shapes import (
    ClassRef,
    CompanyRef,
    OfferRef,
    OpeningRef,
    Page,
    PlacementRef,
    SchoolRef,
    Slice,
    StudentRef,
    View,
    document,
    found,
    page,
)


class BipartiteView(View):
    id: str = Field(examples=["agr_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    programme_year: int = Field(examples=[2025])
    school: SchoolRef
    school_name_ko: str
    school_name_en: str | None
    company: CompanyRef
    company_name_ko: str
    company_name_en: str | None
    state: BipartiteState
    starts_on: date
    ends_on: date
    proposed_by: Side
    proposed_at: datetime
    school_signed_at: datetime | None
    company_signed_at: datetime | None
    wanted_starts_on: date | None = Field(description="First day of another term that one party wants")
    wanted_ends_on: date | None
    wanted_by: Side | None
    over_at: datetime | None
    over_reason: str | None = Field(examples=["by_mutual_consent"])
    over_by: OverBy | None


class VersionView(View):
    """An agreement as it stood from a moment on."""

    version: int
    since: datetime
    state: str
    terms: dict[str, Any] = Field(description="Every field as it stood; of tripartite ones the work, too")


class BipartiteDetail(BipartiteView):
    versions: list[VersionView]


class TripartiteView(View):
    id: str = Field(examples=["agr_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    programme_year: int = Field(examples=[2025])
    student: StudentRef
    school: SchoolRef
    school_name_ko: str
    employment_class: ClassRef
    company: CompanyRef
    company_name_ko: str
    opening: OpeningRef
    offer: OfferRef | None
    route: Route
    reason: str | None
    state: TripartiteState
    drafted_at: datetime
    student_signed_at: datetime | None
    school_signed_at: datetime | None
    company_signed_at: datetime | None
    sign_until: datetime = Field(description="First moment too late to sign; the place is free then")
    over_at: datetime | None
    over_reason: str | None = Field(examples=["not_signed_in_time"])
    over_by: OverBy | None
    placement: PlacementRef | None


class TripartiteDetail(TripartiteView):
    versions: list[VersionView]


class PartyFilter(Slice):
    """Agreements of a year; parties see their own whatever they ask for."""

    programme_year: int = Field(ge=2008, le=2999)
    school: str | None = Field(default=None, max_length=64)
    company: str | None = Field(default=None, max_length=64)

    def of(self, side: Side, party: str) -> Self:
        """The same, for the agreements of one party alone."""
        return self.model_copy(update={side.value: party})


class BipartiteFilter(PartyFilter):
    state: BipartiteState | None = None


class TripartiteFilter(PartyFilter):
    state: TripartiteState | None = None
    student: str | None = Field(default=None, max_length=64)


_BIPARTITE = """
  select a.*, s.name_ko as school_name_ko, s.name_en as school_name_en,
    c.name_ko as company_name_ko, c.name_en as company_name_en
  from bipartite_agreement a join school s on s.id = a.school join company c on c.id = a.company"""
_TRIPARTITE = """
  select a.*, s.name_ko as school_name_ko, c.name_ko as company_name_ko, p.id as placement
  from tripartite_agreement a
  join school s on s.id = a.school
  join company c on c.id = a.company
  left join placement p on p.agreement = a.id"""


async def bipartite(tx: ReadTransaction, wanted: BipartiteFilter) -> Page[BipartiteView]:
    rows = await tx.fetch(
        f"""{_BIPARTITE}
        where a.programme_year = $1 and ($2::text is null or a.state = $2)
          and ($3::text is null or a.school = $3) and ($4::text is null or a.company = $4)
          and ($5::text is null or a.id > $5)
        order by a.id limit $6
        """,
        wanted.programme_year,
        wanted.state,
        wanted.school,
        wanted.company,
        wanted.after,
        wanted.limit + 1,
    )
    return page(BipartiteView, rows, wanted.limit)


async def bipartite_of(tx: ReadTransaction, ids: list[str]) -> list[BipartiteView]:
    """These agreements, in the order of `ids`."""
    rows = await tx.fetch(f"{_BIPARTITE} where a.id = any($1)", ids)
    known = {row["id"]: BipartiteView(**row) for row in rows}
    return [known[each] for each in ids]


async def bipartite_detail(
    tx: ReadTransaction, agreement: str, own: tuple[Side, str] | None
) -> BipartiteDetail:
    """An agreement and its versions; where `own` is given, only if it is that party's."""
    row = found(await tx.fetchrow(f"{_BIPARTITE} where a.id = $1", agreement), "agreement")
    _require_own(row, own)
    return BipartiteDetail(**row, versions=await _versions(tx, agreement))


async def tripartite_detail(
    tx: ReadTransaction, agreement: str, own: tuple[Side, str] | None
) -> TripartiteDetail:
    """An agreement and its versions; where `own` is given, only if it is that party's."""
    row = found(await tx.fetchrow(f"{_TRIPARTITE} where a.id = $1", agreement), "agreement")
    _require_own(row, own)
    return TripartiteDetail(**row, versions=await _versions(tx, agreement))


def _require_own(row: dict[str, Any], own: tuple[Side, str] | None) -> None:
    if own is not None and row.get(own[0].value) != own[1]:
        raise NotFound("agreement_not_found", "There is no such agreement", "agreement")


async def _versions(tx: ReadTransaction, agreement: str) -> list[VersionView]:
    rows = await tx.fetch(
        """
        select version, since, terms ->> 'state' as state, terms from agreement_version
        where agreement = $1 order by version
        """,
        agreement,
    )
    return [VersionView(**{**row, "terms": document(row["terms"])}) for row in rows]


async def tripartite(tx: ReadTransaction, wanted: TripartiteFilter) -> Page[TripartiteView]:
    rows = await tx.fetch(
        f"""{_TRIPARTITE}
        where a.programme_year = $1 and ($2::text is null or a.state = $2)
          and ($3::text is null or a.school = $3) and ($4::text is null or a.company = $4)
          and ($5::text is null or a.student = $5) and ($6::text is null or a.id > $6)
        order by a.id limit $7
        """,
        wanted.programme_year,
        wanted.state,
        wanted.school,
        wanted.company,
        wanted.student,
        wanted.after,
        wanted.limit + 1,
    )
    return page(TripartiteView, rows, wanted.limit)


async def tripartite_of(tx: ReadTransaction, ids: list[str]) -> list[TripartiteView]:
    """These agreements, in the order of `ids`."""
    rows = await tx.fetch(f"{_TRIPARTITE} where a.id = any($1)", ids)
    known = {row["id"]: TripartiteView(**row) for row in rows}
    return [known[each] for each in ids]


async def one_tripartite(tx: ReadTransaction, agreement: str) -> TripartiteView:
    row = await tx.fetchrow(f"{_TRIPARTITE} where a.id = $1", agreement)
    return TripartiteView(**found(row, "agreement"))
