"""Placements, and everything that was ever said of their ends."""

from collections.abc import Sequence
from datetime import date, datetime

import asyncpg

from chassis.transaction import Transaction
from placement.domain.classes import Enrolled
from placement.domain.openings import Work
from placement.domain.placements import Exit, Placement, Told
from placement.domain.programme import School
from placement.domain.vocabulary import (
    AgreementId,
    ClassId,
    CompanyId,
    EndReason,
    OpeningId,
    PlacementId,
    PlacementState,
    SchoolId,
    StudentId,
)
from placement.store.offers import parties_of
from placement.store.rows import all_found


async def add(tx: Transaction, placements: Sequence[Placement]) -> None:
    parties = [placement.parties for placement in placements]
    await tx.execute(
        """
        insert into placement (id, programme_year, student, school, employment_class, company, opening,
          agreement, state, placed_at, starts_on)
        select * from unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[],
          $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::date[])
        """,
        [placement.id for placement in placements],
        [each.year for each in parties],
        [each.student for each in parties],
        [each.school for each in parties],
        [each.employment_class for each in parties],
        [each.company for each in parties],
        [each.opening for each in parties],
        [placement.agreement for placement in placements],
        [placement.state for placement in placements],
        [placement.placed_at for placement in placements],
        [placement.starts_on for placement in placements],
    )


async def for_update(tx: Transaction, placements: Sequence[PlacementId]) -> dict[PlacementId, Placement]:
    """These placements, locked in the order of their ids."""
    wanted = list(set(placements))
    rows = await tx.fetch("select * from placement where id = any($1) order by id for no key update", wanted)
    return {PlacementId(row["id"]): placement_of(row) for row in all_found(rows, wanted, "placement")}


async def active_of(tx: Transaction, agreements: Sequence[AgreementId]) -> dict[AgreementId, Placement]:
    """The active placements of agreements, locked in the order of their ids."""
    rows = await tx.fetch(
        """
        select * from placement where agreement = any($1) and state = 'active'
        order by id for no key update
        """,
        list(agreements),
    )
    return {AgreementId(row["agreement"]): placement_of(row) for row in rows}


async def of_persons(
    tx: Transaction, persons: Sequence[tuple[str, str, str]]
) -> dict[tuple[str, str, str], PlacementId]:
    """The newest placement of each student at a company, by school, the school's code and company number."""
    rows = await tx.fetch(
        """
        select distinct on (u.school, u.reference, u.number) u.school, u.reference, u.number, p.id
        from unnest($1::text[], $2::text[], $3::text[]) as u (school, reference, number)
        join student s on s.school = u.school and s.reference = u.reference
        join company c on c.registration_number = u.number
        join placement p on p.student = s.id and p.company = c.id
        order by u.school, u.reference, u.number, p.placed_at desc
        """,
        [school for school, _, _ in persons],
        [reference for _, reference, _ in persons],
        [number for _, _, number in persons],
    )
    return {(row["school"], row["reference"], row["number"]): PlacementId(row["id"]) for row in rows}


async def following(tx: Transaction, of: Placement) -> date | None:
    """The first day of the student's next placement that began, if there is one."""
    day: date | None = await tx.fetchval(
        """
        select min(starts_on) from placement
        where student = $1 and placed_at > $2 and (ended_on is null or ended_on >= starts_on)
        """,
        of.parties.student,
        of.placed_at,
    )
    return day


async def save_ends(tx: Transaction, ended: Sequence[Placement], exits: Sequence[Exit]) -> None:
    """Keep what is now said of the ends, beside what was said before."""
    await tx.execute(
        """
        with newest as (
          update placement p set state = 'ended', ended_at = u.at, ended_on = u.ended_on,
            ended_reason = u.reason, end_revision = u.revision
          from unnest($1::text[], $2::integer[], $3::timestamptz[], $4::date[], $5::text[])
            as u (id, revision, at, ended_on, reason)
          where p.id = u.id
        )
        insert into placement_end
        select u.*, $7 from unnest($1::text[], $2::integer[], $4::date[], $5::text[], $6::text[],
          $3::timestamptz[]) as u
        """,
        [placement.id for placement in ended],
        [placement.end_revision for placement in ended],
        [placement.ended_at for placement in ended],
        [left.ended_on for left in exits],
        [left.reason for left in exits],
        [left.source for left in exits],
        tx.actor,
    )


async def save_resumed(tx: Transaction, resumed: Placement, reason: str, now: datetime) -> None:
    """Keep that an end was taken back."""
    await tx.execute(
        """
        with newest as (
          update placement set state = 'active', ended_at = null, ended_on = null, ended_reason = null,
            end_revision = $2
          where id = $1
        )
        insert into placement_end values ($1, $2, null, $3, 'officer', $4, $5)
        """,
        resumed.id,
        resumed.end_revision,
        reason,
        now,
        tx.actor,
    )


async def told(tx: Transaction, placements: Sequence[PlacementId]) -> dict[PlacementId, Told]:
    """What others are told of these placements, also where the student is in no class any more."""
    rows = await tx.fetch(
        """
        select p.id as placement, p.student, p.employment_class, k.track, p.opening, p.company,
          c.name_ko as company_name_ko, c.name_en as company_name_en, o.province as work_province,
          p.starts_on, s.id as school, s.name_ko, s.name_en, s.province
        from placement p
        join school s on s.id = p.school
        join employment_class k on k.id = p.employment_class
        join company c on c.id = p.company
        join opening o on o.id = p.opening
        where p.id = any($1)
        """,
        list(placements),
    )
    return {PlacementId(row["placement"]): _told(row) for row in rows}


def placement_of(row: asyncpg.Record) -> Placement:
    return Placement(
        id=PlacementId(row["id"]),
        parties=parties_of(row),
        agreement=AgreementId(row["agreement"]),
        placed_at=row["placed_at"],
        starts_on=row["starts_on"],
        state=PlacementState(row["state"]),
        ended_at=row["ended_at"],
        ended_on=row["ended_on"],
        ended_reason=None if row["ended_reason"] is None else EndReason(row["ended_reason"]),
        end_revision=row["end_revision"],
    )


def _told(row: asyncpg.Record) -> Told:
    school = School(SchoolId(row["school"]), row["name_ko"], row["name_en"], row["province"])
    return Told(
        PlacementId(row["placement"]),
        Enrolled(StudentId(row["student"]), school, ClassId(row["employment_class"]), row["track"]),
        Work(
            OpeningId(row["opening"]),
            CompanyId(row["company"]),
            row["company_name_ko"],
            row["company_name_en"],
            row["work_province"],
            row["starts_on"],
        ),
    )
