"""Schools of the register, as everybody sees them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import Field

from applications.domain.vocabulary import SchoolState
from applications.views.shapes import Limit, Page, View, found, page
from chassis.transaction import ReadTransaction


class SchoolView(View):
    id: str = Field(examples=["sch_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    neis_code: str | None = Field(examples=["7010271"])
    name_ko: str = Field(examples=["한빛공업고등학교"])
    name_en: str | None = Field(examples=["Hanbit Technical High School"])
    province: str = Field(examples=["seoul"])
    stream: str = Field(examples=["industrial"])
    founder: str = Field(examples=["public"])
    school_type: str = Field(examples=["specialised"])
    state: SchoolState
    registered_at: datetime
    closed_at: datetime | None


_SCHOOL: Final = """
  select id, neis_code, name_ko, name_en, province, stream, founder, school_type, state, registered_at,
    closed_at
  from school"""


class SchoolFilter(View):
    province: str | None = None
    stream: str | None = None
    state: SchoolState | None = None
    name: str | None = Field(default=None, min_length=1, max_length=120, description="Part of a name")
    after: str | None = None
    limit: Limit = 50


async def schools(tx: ReadTransaction, wanted: SchoolFilter) -> Page[SchoolView]:
    rows = await tx.fetch(
        f"""{_SCHOOL}
        where ($1::text is null or province = $1) and ($2::text is null or stream = $2)
          and ($3::text is null or state = $3) and ($4::text is null or id > $4)
          and ($5::text is null or strpos(name_ko, $5) > 0 or strpos(lower(name_en), lower($5)) > 0)
        order by id limit $6
        """,
        wanted.province,
        wanted.stream,
        wanted.state,
        wanted.after,
        wanted.name,
        wanted.limit + 1,
    )
    return page(SchoolView, [dict(row) for row in rows], wanted.limit)


async def schools_of(tx: ReadTransaction, ids: Sequence[str]) -> list[SchoolView]:
    return [SchoolView(**row) for row in await tx.fetch(f"{_SCHOOL} where id = any($1) order by id", ids)]


async def school(tx: ReadTransaction, school: str) -> SchoolView:
    return SchoolView(**found(await tx.fetchrow(f"{_SCHOOL} where id = $1", school), "school"))
