"""Routes of programme years and calls."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from applications.domain import policy as domain
from applications.domain.calls import Extension, Terms
from applications.domain.rules import refuse
from applications.domain.vocabulary import CallId, Kind, SchoolId, Track, Year
from applications.handlers import years as handlers
from applications.http.identity import Anyone, Officer, Overseer
from applications.views import years as views
from applications.views.years import CallView, ExtensionView, YearView
from chassis.refusals import Invalid
from contracts import values
from contracts.applications import Policy
from web import Principal, Read, Role, Router, Tx

router = Router(tags=["programme years and calls"])

_RULES = TypeAdapter(domain.Policy)


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TermsBody(Body):
    kinds: Annotated[list[Kind], Field(min_length=1, max_length=2, examples=[["continuing", "new"]])]
    tracks: Annotated[
        list[Track], Field(min_length=1, max_length=16, examples=[["general", "new_technology"]])
    ]
    opens_at: AwareDatetime = Field(examples=["2025-01-20T00:00:00Z"])
    deadline: AwareDatetime = Field(
        description="First moment that is late", examples=["2025-02-14T09:00:00Z"]
    )

    def terms(self) -> Terms:
        return Terms(tuple(self.kinds), tuple(self.tracks), self.opens_at, self.deadline)


class Amendment(TermsBody):
    reason: values.Reason = Field(examples=["deadline_moved"])


class Grant(Body):
    school: values.SchoolId
    until: AwareDatetime = Field(
        description="First moment that is late for this school", examples=["2025-02-16T09:00:00Z"]
    )
    reason: values.Reason = Field(examples=["system_outage"])


class ClosureView(Body):
    call: CallView
    standing: int = Field(description="Submissions that stand")


YearPath = Annotated[Year, Path(ge=2008, le=2999)]
CallPath = Annotated[CallId, Path(max_length=64)]


@router.put("/programme-years/{year}", status_code=201)
async def open_year(year: YearPath, policy: Policy, _: Officer, tx: Tx) -> YearView:
    """Open a year with the whole policy it runs under; it never changes afterwards."""
    await handlers.open_year(tx, year, _rules(policy))
    return await views.year(tx, year)


def _rules(policy: Policy) -> domain.Policy:
    """The domain's policy; the contract's vocabularies may grow, the domain's are closed."""
    try:
        return _RULES.validate_python(policy.model_dump())
    except ValidationError as error:
        refuse(Invalid(e["type"], e["msg"], ".".join(map(str, e["loc"]))) for e in error.errors())
        raise


@router.get("/programme-years")
async def list_years(_: Anyone, read: Read) -> list[YearView]:
    """Every year that was opened, with its policy."""
    return await views.years(read)


@router.get("/programme-years/{year}")
async def show_year(year: YearPath, _: Anyone, read: Read) -> YearView:
    """A year and the policy it runs under."""
    return await views.year(read, year)


@router.post("/programme-years/{year}/calls", status_code=201)
async def announce_call(year: YearPath, body: TermsBody, _: Officer, tx: Tx) -> CallView:
    """Announce a call of an open year: for whom, from when, until when."""
    call = await handlers.announce_call(tx, year, body.terms())
    return await views.call(tx, call.id, None)


@router.put("/calls/{call}")
async def amend_call(call: CallPath, body: Amendment, _: Officer, tx: Tx) -> CallView:
    """Announce other terms of a call; once it is open nobody may lose by them."""
    await handlers.amend_call(tx, call, body.terms(), body.reason)
    return await views.call(tx, call, None)


@router.post("/calls/{call}/extensions", status_code=201)
async def grant_extension(call: CallPath, body: Grant, _: Officer, tx: Tx) -> CallView:
    """Give one school more time; the answer shows the call as that school sees it."""
    extension = Extension(SchoolId(body.school), body.until, body.reason)
    await handlers.grant_extension(tx, call, extension)
    return await views.call(tx, call, body.school)


@router.post("/calls/{call}/closure", status_code=201)
async def close_call(call: CallPath, _: Officer, tx: Tx) -> ClosureView:
    """Close a call for good once its deadline and extensions have passed; others are told what stands."""
    manifest = await handlers.close_call(tx, call)
    return ClosureView(call=await views.call(tx, call, None), standing=len(manifest))


@router.get("/calls")
async def list_calls(
    caller: Anyone, read: Read, year: Annotated[int | None, Query()] = None
) -> list[CallView]:
    """Calls, of one year or of all; a school sees its own extension."""
    return await views.calls(read, year, _school(caller))


@router.get("/calls/{call}")
async def show_call(call: CallPath, caller: Anyone, read: Read) -> CallView:
    """A call; a school sees its own extension."""
    return await views.call(read, call, _school(caller))


@router.get("/calls/{call}/extensions")
async def list_extensions(call: CallPath, _: Overseer, read: Read) -> list[ExtensionView]:
    """Who was given more time for a call, until when and why."""
    return await views.extensions(read, call)


def _school(caller: Principal) -> str | None:
    return caller.party if Role.SCHOOL in caller.roles else None
