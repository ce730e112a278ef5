"""The HTTP interface: request, command, handler, response."""

from evaluation.http import (
    appeals,
    eligibility,
    exports,
    figures,
    letters,
    places,
    preparation,
    reviewing,
    rubrics,
    runs,
    staffing,
    what_ifs,
)
from web import api as make

api = make(
    title="Ieum evaluation",
    description="Reviewers and their scores, selection, results, the reserve list and offers.",
    routers=[
        preparation.router,
        rubrics.router,
        eligibility.router,
        staffing.router,
        reviewing.router,
        figures.router,
        runs.router,
        what_ifs.router,
        appeals.router,
        places.router,
        letters.router,
        exports.router,
    ],
)
