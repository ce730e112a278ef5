"""The HTTP interface: request, command, handler, response."""

from placement.http import agreements, classes, companies, openings, overview, placements, rounds
from web import api as make

api = make(
    title="Ieum placement",
    description="Companies, agreements, classes, openings, matching rounds, placements.",
    routers=[
        companies.router,
        agreements.router,
        classes.router,
        openings.router,
        rounds.router,
        placements.router,
        overview.router,
    ],
)
