"""What every view is made of."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from chassis.refusals import NotFound

Row = TypeVar("Row", bound="View")

Limit = Annotated[int, Field(ge=1, le=1000)]


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


def ref(prefix: str) -> object:
    """What an id looks like."""
    return Field(examples=[f"{prefix}_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])


AgreementRef = Annotated[str, ref("agr")]
ClassRef = Annotated[str, ref("cls")]
CompanyRef = Annotated[str, ref("cmp")]
OfferRef = Annotated[str, ref("off")]
OpeningRef = Annotated[str, ref("opn")]
PlacementRef = Annotated[str, ref("plc")]
RoundRef = Annotated[str, ref("mat")]
SchoolRef = Annotated[str, ref("sch")]
StudentRef = Annotated[str, ref("stu")]


class Page(View, Generic[Row]):
    items: list[Row]
    next: str | None = Field(description="Give it as `after` for what follows; null at the end")


class Slice(View):
    """Which part of a list is wanted."""

    after: str | None = Field(default=None, max_length=64)
    limit: Limit = 200


def page(kind: type[Row], rows: Sequence[asyncpg.Record], limit: int) -> Page[Row]:
    """The first `limit` of rows that were asked for one more."""
    items = [kind.model_validate(dict(row)) for row in rows[:limit]]
    return Page[kind](items=items, next=rows[limit - 1]["id"] if len(rows) > limit else None)  # type: ignore[valid-type]  # the row of the page is a value here


def found(row: asyncpg.Record | None, what: str) -> dict[str, Any]:
    """The row; raises `NotFound` where there is none."""
    if row is None:
        raise NotFound(f"{what}_not_found", f"There is no such {what.replace('_', ' ')}", what)
    return dict(row)


def document(text: str | None) -> Any:
    """A JSON column; asyncpg answers it as text."""
    return None if text is None else json.loads(text)
