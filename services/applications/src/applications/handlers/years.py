"""Use cases of programme years and their calls; an officer's each."""

from applications import announce
from applications.domain import calls, policy
from applications.domain.calls import Call, Extension, Terms
from applications.domain.policy import Policy, ProgrammeYear
from applications.domain.vocabulary import CallId, Year
from applications.store import applications, schools
from applications.store import calls as call_store
from applications.store import years as store
from chassis import audit, identifiers, outbox
from chassis.refusals import Conflict
from chassis.transaction import Transaction
from contracts import topics


async def open_year(tx: Transaction, year: Year, rules: Policy) -> ProgrammeYear:
    opened = policy.open_year(year, rules, await tx.now())
    if not await store.add_year(tx, opened):
        raise Conflict(
            "year_open_already", f"The programme year {year} is open; its policy never changes", "year"
        )
    await store.open_receipts(tx, year)
    outbox.add(tx, announce.year_opened(opened))
    await audit.record(tx, "programme_year_opened", str(year), detail={"policy_version": rules.version})
    return opened


async def announce_call(tx: Transaction, year: Year, terms: Terms) -> Call:
    opened, now = await store.year(tx, year), await tx.now()
    call = calls.announce(CallId(identifiers.new("cal")), opened, terms, now)
    await call_store.add_call(tx, call)
    outbox.add(tx, announce.call_opened(call, now))
    await audit.record(tx, "call_announced", call.id)
    return call


async def amend_call(tx: Transaction, call: CallId, terms: Terms, reason: str) -> Call:
    present = await call_store.call_for_update(tx, call)
    year, now = await store.year(tx, present.year), await tx.now()
    amended = present.amend(terms, year.policy, now)
    await call_store.save_call(tx, amended)
    outbox.add(tx, announce.call_amended(amended, reason, now))
    detail = {"deadline_before": present.terms.deadline.isoformat(), "deadline": terms.deadline.isoformat()}
    await audit.record(tx, "call_amended", call, reason=reason, detail=detail)
    return amended


async def grant_extension(tx: Transaction, call: CallId, extension: Extension) -> Call:
    present = await call_store.call_for_update(tx, call)
    await schools.school(tx, extension.school)
    before = await call_store.extended_until(tx, call, extension.school)
    year, now = await store.year(tx, present.year), await tx.now()
    present.extend(extension, before, year.policy, now)
    await call_store.save_extension(tx, call, extension, now)
    outbox.add(tx, announce.extension_granted(present, extension, now))
    detail = {"school": extension.school, "until": extension.until.isoformat()}
    await audit.record(tx, "extension_granted", call, reason=extension.reason, detail=detail)
    return present


async def close_call(tx: Transaction, call: CallId) -> dict[str, int]:
    """Close, and tell every standing submission with how far its stream has come.

    The call's row is locked for us alone first: every submission that was accepted is committed by then.
    """
    present = await call_store.call_for_update(tx, call)
    last_extension, now = await call_store.last_extension(tx, call), await tx.now()
    closed = present.close(last_extension, now)
    await call_store.save_call(tx, closed)
    manifest = await outbox.sequences(
        tx, topics.APPLICATIONS, await applications.standing_applications(tx, call)
    )
    outbox.add(tx, announce.call_closed(closed, manifest, now))
    await audit.record(tx, "call_closed", call, detail={"standing": len(manifest)})
    return manifest
