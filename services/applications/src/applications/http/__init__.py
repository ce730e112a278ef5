"""The HTTP interface: request, command, handler, response."""

from applications.http import applications, reviews, schools, years
from web import api as make

api = make(
    title="Ieum applications",
    description="Schools, programme years and their policy, calls, submissions.",
    routers=[schools.router, years.router, applications.router, reviews.router],
)
