"""Use cases of what other services tell; whichever fact comes last starts the evaluation of a call."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

from chassis import audit, outbox
from chassis.inbox import Inbox
from chassis.refusals import Conflict, Invalid, Refusal, Several
from chassis.transaction import Transaction
from contracts import topics
from evaluation import announce
from evaluation.domain import eligibility
from evaluation.domain.intake import Application, Call, Participant, Party, School
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.vocabulary import KST, CallId, SchoolId, Stage, Year
from evaluation.handlers import rubrics
from evaluation.store import eligibility as words
from evaluation.store import intake as store
from evaluation.store import runs, schools, stages

READING: Final = Inbox(topics.APPLICATIONS)
"""Asked only how far the streams of the applications service were read."""


async def take_schools(tx: Transaction, told: Sequence[School]) -> None:
    """Keep what the register says now; the last word on a school counts."""
    newest = {school.id: school for school in told}
    await schools.put(tx, list(newest.values()))
    await start_evaluation(tx)


async def open_year(tx: Transaction, year: Year, policy: str, opened_at: datetime) -> None:
    """Keep a year's policy as it was told, and set the limits that hold at every committed state."""
    await store.put_year(tx, year, policy, opened_at)
    opened = await store.year_for_update(tx, year)
    await store.put_quotas(tx, year, opened.policy)


async def announce_call(tx: Transaction, call: CallId, year: Year, kinds: Sequence[str]) -> None:
    await store.put_call(tx, call, year, kinds)


async def close_call(tx: Transaction, call: CallId, closed_at: datetime, manifest: dict[str, int]) -> None:
    await store.close_call(tx, call, closed_at, manifest)
    await start_evaluation(tx)


async def take_applications(tx: Transaction, applications: Sequence[Application]) -> None:
    await store.put_applications(tx, applications)
    await start_evaluation(tx)


async def start_evaluation(tx: Transaction) -> None:
    """Start each closed call for which everything has come that its evaluation needs."""
    await tx.alone("start evaluation")
    for call in await store.waiting_calls(tx):
        if await store.known_year(tx, call.year) is not None and await _complete(tx, call):
            await _start(tx, call, await store.year_for_update(tx, call.year))


async def _complete(tx: Transaction, call: Call) -> bool:
    """The manifest was reached, every school is known, and who took part in the year before."""
    return (
        not await READING.missing(tx, topics.APPLICATIONS, call.manifest)
        and not await schools.unknown(tx, call.manifest)
        and await schools.participants_known(tx, Year(call.year - 1))
    )


async def _start(tx: Transaction, call: Call, year: ProgrammeYear) -> None:
    now = await tx.now()
    day = (call.closed_at or now).astimezone(KST).date()
    decided = eligibility.decide(await words.candidates(tx, call, day), year.policy.required_documents)
    await words.save(tx, decided, now, officer=None)
    await store.start_call(tx, call.id, now)
    parties = await store.parties(tx, [each.application for each in decided])
    for each in decided:
        outbox.add(tx, announce.eligibility_decided(parties[each.application], each, now))
    await schedule(tx, year, [parties[each.application] for each in decided if each.eligible], now)
    eligible = sum(each.eligible for each in decided)
    counts = {"standing": len(decided), "eligible": eligible, "not_eligible": len(decided) - eligible}
    await audit.record(tx, "evaluation_started", call.id, detail=counts)
    if eligible and year.stage is Stage.SCORED and now < year.policy.scoring.scoring_until:
        await reopen_scoring(tx, call.year, call.id)
    elif eligible and year.stage is Stage.REVIEWING:
        await reopen_stages(tx, call.year, call.id)


async def schedule(tx: Transaction, year: ProgrammeYear, parties: Sequence[Party], now: datetime) -> None:
    """Tell schools what is reviewed first; where no rubric says it yet, they are told by its assignment."""
    first = await rubrics.first_stages(tx, year)
    reviewed = [party for party in parties if party.kind in first]
    await store.schedule(tx, {party.application: first[party.kind] for party in reviewed})
    until = year.policy.scoring.scoring_until
    for party in reviewed:
        outbox.add(tx, announce.evaluation_scheduled(party, first[party.kind], now, until))


async def reopen_stages(tx: Transaction, year: Year, cause: str) -> None:
    """What becomes eligible while others are at a later stage goes through the stages before it too."""
    for kind, stage in await stages.reopen(tx, year):
        detail = {"kind": kind, "stage": stage, "cause": cause}
        await audit.record(tx, "stage_reopened", str(year), detail=detail)


async def reopen_scoring(tx: Transaction, year: Year, cause: str) -> None:
    """What becomes eligible after scoring closed is scored too: no result leaves it out.

    `cause` is the call announced since, or the application that an officer let in.
    """
    await store.save_stage(tx, year, Stage.REVIEWING)
    await reopen_stages(tx, year, cause)
    for superseded in await runs.supersede(tx, year):
        await audit.record(tx, "run_superseded", superseded)
    await audit.record(tx, "scoring_reopened", str(year), detail={"cause": cause})


async def import_participants(tx: Transaction, year: Year, participants: Sequence[Participant]) -> int:
    """Keep who took part in a year before this software; the number that were not known to have.

    Raises:
        Invalid: rules `school_unknown`, `distinct`, by the place in the list.
        Conflict: rules `year_decided_here`, `participants_settled`.
    """
    await store.lock_calls(tx, Year(year + 1))
    await _may_import(tx, year)
    known = await schools.known(tx, [each.school for each in participants])
    broken: list[Refusal] = list(_broken(participants, known))
    if broken:
        raise Several(broken)
    now = await tx.now()
    added = await schools.add_participants(tx, year, participants, now)
    for each in participants:
        if each.school in added:
            outbox.add(tx, announce.participated(year, known[each.school], each, now))
    await audit.record(tx, "participants_imported", str(year), detail={"added": len(added)})
    await start_evaluation(tx)
    return len(added)


def _broken(participants: Sequence[Participant], known: Collection[SchoolId]) -> Iterator[Invalid]:
    named: set[SchoolId] = set()
    for place, each in enumerate(participants):
        field = f"participants.{place}.school"
        if each.school not in known:
            yield Invalid("school_unknown", "No such school is known here", field)
        if each.school in named:
            yield Invalid("distinct", "The school is named before in the list", field)
        named.add(each.school)


async def _may_import(tx: Transaction, year: Year) -> None:
    if await store.known_year(tx, year) is not None:
        raise Conflict("year_decided_here", f"Who takes part in {year} is decided here", "year")
    if await store.started_calls(tx, Year(year + 1)):
        raise Conflict(
            "participants_settled",
            f"Evaluation of {year + 1} has started from the participants known",
            "year",
        )
