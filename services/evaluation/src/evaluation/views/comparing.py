"""Two results side by side, school by school, read from the documents that were hashed."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from pydantic import Field

from chassis.transaction import ReadTransaction
from evaluation.domain.vocabulary import RunId, Year
from evaluation.views.shapes import SchoolRef, View


class PlaceView(View):
    """What a result says of a school."""

    score: str = Field(examples=["87.125"])
    rank: int | None
    outcome: str = Field(examples=["selected"])
    designations: list[str]
    reserve: int | None


class DifferenceView(View):
    school: SchoolRef
    name_ko: str
    name_en: str | None
    province: str
    kind: str
    change: str = Field(
        description="`selected` or `dropped`, else `added` or `left` where it stands in one result alone, "
        "`designations`, `reserve`, `rank`, `score`, or `none`",
        examples=["selected"],
    )
    before: PlaceView | None = Field(description="Null where the school stands in the other result alone")
    after: PlaceView | None


class ComparisonView(View):
    """What differs between two results; `changes` counts schools by what changed most."""

    changes: dict[str, int] = Field(examples=[{"selected": 1, "dropped": 1, "rank": 12, "none": 211}])
    schools: list[DifferenceView] = Field(description="In the order of the result before, then by id")


_BOTH: Final = """
    with b as (
      select w ->> 'id' as school, w || jsonb_build_object('score', a ->> 'score') as before, n,
        a ->> 'kind' as kind
      from jsonb_array_elements(convert_from($2, 'utf8')::jsonb -> 'awards') with ordinality as w (w, n)
      join jsonb_array_elements(convert_from($1, 'utf8')::jsonb -> 'applicants') as a
        on a ->> 'id' = w ->> 'id'
    ), c as (
      select w ->> 'id' as school, w || jsonb_build_object('score', a ->> 'score') as after,
        a ->> 'kind' as kind
      from jsonb_array_elements(convert_from($4, 'utf8')::jsonb -> 'awards') as w
      join jsonb_array_elements(convert_from($3, 'utf8')::jsonb -> 'applicants') as a
        on a ->> 'id' = w ->> 'id'
    )
    select both_sides.school, before, after, named.name_ko, named.name_en, named.province, named.kind
    from (
      select school, before, after, n, coalesce(b.kind, c.kind) as kind from b full join c using (school)
    ) as both_sides cross join lateral (
      select p.* from application p where p.school = both_sides.school and p.year = $5
      order by exists (select from outcome o where o.application = p.id and o.run = any($6)) desc,
        p.kind = both_sides.kind desc, p.eligible is true desc, p.decided_at desc nulls last, p.id limit 1
    ) as named
    order by n nulls last, both_sides.school
"""


async def comparison(
    tx: ReadTransaction,
    year: Year,
    before: tuple[bytes, bytes],
    after: tuple[bytes, bytes],
    runs: Sequence[RunId] = (),
) -> ComparisonView:
    """Compare two results, each given as its snapshot and its result; and `runs` where they are of runs.

    Whoever was put out or withdrew since stands there too, as named by the application that the runs name.
    """
    rows = await tx.fetch(_BOTH, *before, *after, year, list(runs))
    schools = [_difference(dict(row)) for row in rows]
    return ComparisonView(changes=Counter(each.change for each in schools), schools=schools)


def _difference(row: dict[str, Any]) -> DifferenceView:
    before, after = (
        None if row[side] is None else PlaceView.model_validate_json(row[side])
        for side in ("before", "after")
    )
    return DifferenceView.model_validate(
        {**row, "before": before, "after": after, "change": _change(before, after)}
    )


def _change(before: PlaceView | None, after: PlaceView | None) -> str:
    had, has = (place is not None and place.outcome == "selected" for place in (before, after))
    if had != has:
        return "selected" if has else "dropped"
    if before is None or after is None:
        return "added" if before is None else "left"
    for field in ("designations", "reserve", "rank", "score"):
        if getattr(before, field) != getattr(after, field):
            return field
    return "none"
