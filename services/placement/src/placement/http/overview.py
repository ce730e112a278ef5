"""The route of the officers' overview."""

from typing import Annotated

from fastapi import Query

from placement.http.identity import Overseer
from placement.views import overview as views
from placement.views.overview import OverviewView
from web import Read, Router

router = Router(tags=["overview"])


@router.get("/overview")
async def show_overview(
    programme_year: Annotated[int, Query(ge=2008, le=2999)], _: Overseer, read: Read
) -> OverviewView:
    """A year by province, and what is stuck."""
    return await views.overview(read, programme_year)
