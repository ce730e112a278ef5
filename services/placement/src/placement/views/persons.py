"""Who read whose data: for the student it is about, and for those who watch over it."""

from datetime import datetime

from pydantic import Field

from chassis import access
from chassis.access import Access
from chassis.transaction import ReadTransaction
from placement.views.shapes import Limit, View


class AccessView(View):
    """One read of who a student is."""

    at: datetime
    account: str = Field(description="Who read it, under a pseudonym", examples=["person-1"])
    role: str = Field(examples=["school"])
    party: str | None = Field(description="For whom")
    party_name_ko: str | None = Field(description="Of a school or company", examples=["한빛공업고등학교"])
    action: str = Field(examples=["class_roster"])
    reason: str | None = Field(examples=["complaint"])


class AccessesView(View):
    items: list[AccessView]
    next: int | None = Field(description="`before` of the next page; null on the last")


class OversightRow(AccessView):
    """As overseers see it: with whose data it is and from where it was read."""

    person: str
    origin: str = Field(description="Network address", examples=["192.0.2.7"])
    programme_at: datetime


class OversightView(View):
    items: list[OversightRow]
    next: int | None = Field(description="`before` of the next page; null on the last")


class AccessFilter(View):
    before: int | None = Field(default=None, ge=1)
    limit: Limit = 50


class OversightFilter(AccessFilter):
    person: str | None = Field(default=None, max_length=64)
    account: str | None = Field(default=None, max_length=200)


async def accesses(tx: ReadTransaction, student: str, wanted: AccessFilter) -> AccessesView:
    found = await access.accesses(tx, person=student, before=wanted.before, limit=wanted.limit + 1)
    names = await _names(tx, found)
    items = [AccessView(**_shown(each, names)) for each in found[: wanted.limit]]
    return AccessesView(items=items, next=_next(found, wanted.limit))


async def oversight(tx: ReadTransaction, wanted: OversightFilter) -> OversightView:
    found = await access.accesses(
        tx, person=wanted.person, account=wanted.account, before=wanted.before, limit=wanted.limit + 1
    )
    names = await _names(tx, found)
    items = [
        OversightRow(
            **_shown(each, names), person=each.person, origin=each.origin, programme_at=each.programme_at
        )
        for each in found[: wanted.limit]
    ]
    return OversightView(items=items, next=_next(found, wanted.limit))


def _shown(each: Access, names: dict[str, str]) -> dict[str, object]:
    return {
        "at": each.at,
        "account": each.account,
        "role": each.role,
        "party": each.party,
        "party_name_ko": names.get(each.party or ""),
        "action": each.action,
        "reason": each.reason,
    }


def _next(found: list[Access], limit: int) -> int | None:
    return found[limit - 1].id if len(found) > limit else None


async def _names(tx: ReadTransaction, found: list[Access]) -> dict[str, str]:
    """Names of the schools and companies among the parties."""
    rows = await tx.fetch(
        """
        select id, name_ko from school where id = any($1)
        union all select id, name_ko from company where id = any($1)
        """,
        list({each.party for each in found if each.party is not None}),
    )
    return {row["id"]: row["name_ko"] for row in rows}
