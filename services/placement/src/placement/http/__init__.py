"""The HTTP interface: request, command, handler, response."""

from placement.http import (
    agreements,
    classes,
    companies,
    dashboard,
    imports,
    openings,
    outcome_files,
    outcomes,
    overview,
    persons,
    placements,
    retention,
    rounds,
    tripartite,
)
from web import api as make

api = make(
    title="Ieum placement",
    description="Companies, agreements, classes, openings, matching rounds, placements.",
    routers=[
        companies.router,
        agreements.router,
        classes.router,
        imports.router,
        openings.router,
        rounds.router,
        placements.router,
        tripartite.router,
        retention.router,
        outcomes.router,
        outcome_files.router,
        persons.router,
        overview.router,
        dashboard.router,
    ],
)
