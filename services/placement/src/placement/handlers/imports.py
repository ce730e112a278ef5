"""Use cases of imported files: received, then taken in by a worker, whole or not at all."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Final, assert_never

from chassis import audit, encryption, identifiers
from chassis.keyring import Keyring
from chassis.refusals import Conflict, Invalid, Refusal, Several
from chassis.transaction import Command, ReadTransaction, Transaction
from papers import tables
from placement.domain.companies import Company, register
from placement.domain.imports import Import, ImportId, ImportKind, pause_after
from placement.domain.rules import at_row, refuse
from placement.domain.vocabulary import CompanyId, SchoolId, Year
from placement.handlers import classes
from placement.handlers.import_rows import COMPANIES, ROSTER, CompanyRow, RosterRow, parsed
from placement.store import companies, destinations, programme
from placement.store import imports as store

Progress = Callable[[str, int, int], Awaitable[None]]
"""Hears the phase, rows done and rows there are, while nothing of it is committed yet."""

MOST_ROWS: Final = 20_000


async def receive_file(
    tx: Transaction, keyring: Keyring, kind: ImportKind, year: Year, party: SchoolId | None, file: bytes
) -> Import:
    """Keep a file, sealed, until the worker takes it in."""
    await programme.rules(tx, year)
    if not file:
        raise Invalid("file_empty", "The request has no body; send the file as it is", "file")
    received = Import(
        ImportId(identifiers.new("imp")), kind, year, party, tx.actor, _correlation(tx), await tx.now()
    )
    await store.add(tx, await encryption.sealer(tx, keyring), received, file)
    await audit.record(tx, action="file_received", subject=received.id, detail={"kind": kind.value})
    return received


def _correlation(tx: Transaction) -> str:
    """What ties the rows' events to the request, whichever worker tells them."""
    given = tx.cause.correlation if isinstance(tx.cause, Command) else None
    return given or str(tx.cause.id)


async def read_file(read: ReadTransaction, keyring: Keyring, job: Import) -> Callable[[], list[tables.Row]]:
    """What reads the rows of a file, which takes a while and needs no transaction; none once it is decided.

    Raises, when it is called:
        Refusal: the file is no table of this kind.
    """
    file = await store.file(read, keyring, job.id)
    columns = {ImportKind.COMPANIES: COMPANIES, ImportKind.ROSTER: ROSTER}[job.kind]
    return list if file is None else partial(tables.read, file, columns, at_most=MOST_ROWS)


async def take_in(
    tx: Transaction, keyring: Keyring, job: Import, rows: list[tables.Row], progress: Progress
) -> bool:
    """Take a file's rows in; False where somebody else does, or has.

    Raises:
        Refusal: with every row that breaks a rule; nothing of the file is to be kept then.
    """
    if not await store.take(tx, job.id):
        return False
    match job.kind:
        case ImportKind.COMPANIES:
            imported = await _companies(tx, rows, progress)
        case ImportKind.ROSTER:
            imported = await _roster(tx, keyring, job, rows, progress)
        case _:
            assert_never(job.kind)
    await store.decide(tx, job.done(imported), await tx.now())
    await progress("committing", imported, imported)
    return True


async def refuse_file(tx: Transaction, job: Import, refusal: Refusal) -> None:
    """Keep why a file was not taken in."""
    if await store.take(tx, job.id):
        await store.decide(tx, job.refuse(refusal), await tx.now())


async def put_off(tx: Transaction, job: Import) -> timedelta:
    """Let a file wait that something else than itself kept from being taken in; answers for how long."""
    pause = pause_after(await store.add_fault(tx, job.id))
    await store.let_alone(tx, job.id, pause)
    return pause


async def _companies(tx: Transaction, rows: list[tables.Row], progress: Progress) -> int:
    said, broken = parsed(rows, CompanyRow)
    now = await tx.now()
    await progress("checking", 0, len(rows))
    new: dict[str, Company] = {}
    for at, row in said.items():
        try:
            new[at] = register(CompanyId(identifiers.new("cmp")), row.facts(), now)
        except Refusal as refusal:
            broken.append(at_row(refusal, at))
    broken += _twice({at: company.facts.registration_number for at, company in new.items()})
    refuse(broken)
    added = await companies.add_all(tx, list(new.values()), tx.actor)
    refuse(
        Conflict(
            "registered_already", "A company with this number is registered", f"{at}.registration_number"
        )
        for at, company in new.items()
        if company.id not in added
    )
    return len(new)


def _twice(numbers: Mapping[str, str]) -> list[Refusal]:
    first: dict[str, str] = {}
    return [
        Invalid("distinct", f"The number stands in {first[number]} already", f"{at}.registration_number")
        for at, number in numbers.items()
        if first.setdefault(number, at) != at
    ]


async def _roster(
    tx: Transaction, keyring: Keyring, job: Import, rows: list[tables.Row], progress: Progress
) -> int:
    said, broken = parsed(rows, RosterRow)
    total, school = len(rows), SchoolId(job.party or "")
    await progress("checking", 0, total)

    async def enrolled(count: int) -> None:
        await progress("enrolling", count, total)

    entries = [row.entry(at) for at, row in said.items()]
    try:
        roster = await classes.enrol_students(tx, keyring, school, entries, year=job.year, progress=enrolled)
    except Several as refusal:
        broken += refusal.refusals
        raise Several(broken) from refusal
    except Refusal as refusal:
        raise Several([*broken, refusal]) from refusal
    refuse(broken)
    named = {
        student: row.department
        for student, row in zip(roster.students, said.values(), strict=True)
        if row.department is not None
    }
    if named:
        await destinations.name_departments(tx, school, named)
    return total
