"""What every view is made of."""

from typing import Annotated, Any, Generic, TypeVar

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from chassis.refusals import NotFound

Row = TypeVar("Row", bound="View")


Limit = Annotated[int, Field(ge=1, le=200)]


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


def _ref(prefix: str) -> object:
    return Field(examples=[f"{prefix}_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])


ApplicationRef = Annotated[str, _ref("app")]
CallRef = Annotated[str, _ref("cal")]
OfferRef = Annotated[str, _ref("off")]
SchoolRef = Annotated[str, _ref("sch")]


class Page(View, Generic[Row]):
    items: list[Row]
    next: str | None = Field(description="Give it as `after` for what follows; null at the end")


def page(view: type[Row], rows: list[dict[str, Any]], limit: int) -> Page[Row]:
    items = [view(**row) for row in rows[:limit]]
    return Page(items=items, next=rows[limit - 1]["id"] if len(rows) > limit else None)


def found(row: asyncpg.Record | None, what: str) -> dict[str, Any]:
    if row is None:
        raise NotFound(f"{what}_not_found", f"There is no such {what.replace('_', ' ')}", what)
    return dict(row)
