"""Routes of the officers' dashboard, and of its tables as an Excel file."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from placement.http.files import XLSX, workbook
from placement.http.identity import Overseer
from placement.views import dashboard as views
from placement.views import stuck as stuck_views
from placement.views.dashboard import DashboardFilter, DashboardView
from placement.views.exports import dashboard_tables
from placement.views.stuck import StuckFilter, StuckPage
from web import Read, Router

router = Router(tags=["dashboard"])


@router.get("/dashboard")
async def show_dashboard(
    wanted: Annotated[DashboardFilter, Query()], _: Overseer, read: Read
) -> DashboardView:
    """Students by year, province and track, places by year and province, and what is stuck."""
    return await views.dashboard(read, wanted)


@router.get("/dashboard/stuck")
async def list_stuck(wanted: Annotated[StuckFilter, Query()], _: Overseer, read: Read) -> StuckPage:
    """What waits for somebody: of one kind, the longest wait first."""
    return await stuck_views.stuck(read, wanted)


@router.get("/dashboard.xlsx", response_class=Response, responses=XLSX)
async def export_dashboard(wanted: Annotated[DashboardFilter, Query()], _: Overseer, read: Read) -> Response:
    """The same as an Excel file: students, places, and a sheet of all that is stuck."""
    return workbook("dashboard", await dashboard_tables(read, wanted))
