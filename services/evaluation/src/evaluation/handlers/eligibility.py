"""Use cases of eligibility: sanctions on record, and officers who decide otherwise than the rule."""

from datetime import date

from chassis import audit, identifiers, outbox
from chassis.refusals import Conflict, Invalid
from chassis.transaction import Transaction
from evaluation import announce
from evaluation.domain.eligibility import Eligibility, Sanction
from evaluation.domain.intake import Party
from evaluation.domain.vocabulary import ApplicationId, SchoolId, Stage
from evaluation.handlers.intake import reopen_scoring, reopen_stages, schedule
from evaluation.store import eligibility as store
from evaluation.store import intake, schools


async def record_sanction(
    tx: Transaction, school: SchoolId, reason: str, since: date, until: date | None
) -> Sanction:
    """Put a sanction on record; it counts for calls that close in its days and are not decided yet.

    Raises:
        Invalid: rules `school_unknown`, `until_after_since`.
    """
    if not await schools.known(tx, [school]):
        raise Invalid("school_unknown", "No such school is known here: school", "school")
    sanction = Sanction(identifiers.new("san"), school, reason, since, until)
    await store.add_sanction(tx, sanction, await tx.now())
    detail = {"sanction": sanction.id, "since": f"{since}", "until": None if until is None else f"{until}"}
    await audit.record(tx, "sanction_recorded", school, reason=reason, detail=detail)
    return sanction


async def lift_sanction(tx: Transaction, sanction: str, reason: str) -> Sanction:
    """Lift a sanction; what was decided under it stays until an officer decides otherwise.

    Raises:
        NotFound: rule `sanction_not_found`.
        Conflict: rule `sanction_lifted`.
    """
    lifted = (await store.sanction_for_update(tx, sanction)).lift(await tx.now())
    await store.lift_sanction(tx, lifted, reason)
    await audit.record(tx, "sanction_lifted", lifted.school, reason=reason, detail={"sanction": sanction})
    return lifted


async def decide_otherwise(
    tx: Transaction, application: ApplicationId, ground: str, *, eligible: bool
) -> None:
    """Let an officer decide against the word that stands, with the reason on record.

    What becomes eligible has to be scored, so that it can as long as scores may come in; out of the running
    an application can be put until the final result.

    Raises:
        NotFound: rule `application_not_found`.
        Conflict: rules `wrong_stage`, `scoring_over`, and those of `Decided.otherwise`.
    """
    programme = await intake.year_for_update(tx, await store.year_of(tx, application))
    now, until = await tx.now(), programme.policy.scoring.scoring_until
    programme.must_be(Stage.REVIEWING, Stage.SCORED, *(() if eligible else (Stage.PRELIMINARY,)))
    decided = (await store.for_update(tx, application)).otherwise(ground, eligible=eligible)
    if eligible and now >= until:
        raise Conflict("scoring_over", f"It could be scored until {until.isoformat()}", "scoring_until")
    party = await _keep(tx, decided, ground)
    if eligible:
        await schedule(tx, programme, [party], now)
    if eligible and programme.stage is Stage.SCORED:
        await reopen_scoring(tx, programme.year, application)
    elif eligible:
        await reopen_stages(tx, programme.year, application)


async def let_in(tx: Transaction, application: ApplicationId, ground: str) -> None:
    """Let in what an upheld appeal speaks for; its panel has scored it.

    Raises:
        Conflict: rules of `Decided.otherwise`.
    """
    await _keep(tx, (await store.for_update(tx, application)).otherwise(ground, eligible=True), ground)


async def _keep(tx: Transaction, decided: Eligibility, ground: str) -> Party:
    """Keep and tell an officer's word; the application it is on."""
    now = await tx.now()
    await store.save(tx, [decided], now, tx.actor)
    party = (await intake.parties(tx, [decided.application]))[decided.application]
    outbox.add(tx, announce.eligibility_decided(party, decided, now))
    detail = {"eligible": decided.eligible}
    await audit.record(tx, "eligibility_overridden", decided.application, reason=ground, detail=detail)
    return party
