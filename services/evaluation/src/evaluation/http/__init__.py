"""The HTTP interface: request, command, handler, response."""

from evaluation.http import eligibility, places, preparation, reviewing, rubrics, runs
from web import api as make

api = make(
    title="Ieum evaluation",
    description="Reviewers and their scores, selection, results, the reserve list and offers.",
    routers=[
        preparation.router,
        rubrics.router,
        eligibility.router,
        reviewing.router,
        runs.router,
        places.router,
    ],
)
