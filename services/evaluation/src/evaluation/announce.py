"""What happened here, as the events of the contracts tell it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts import evaluation as told
from evaluation.domain.appeals import Appeal
from evaluation.domain.assigning import Assignment
from evaluation.domain.eligibility import Eligibility
from evaluation.domain.intake import Participant, Party, School
from evaluation.domain.places import Offer, Standing
from evaluation.domain.runs import Outcome, Run
from evaluation.domain.vocabulary import ReviewerId, Year


def eligibility_decided(party: Party, decided: Eligibility, now: datetime) -> told.EligibilityDecided:
    return told.EligibilityDecided(
        **_application(party),
        eligible=decided.eligible,
        reasons=decided.reasons,
        ground=decided.ground,
        decided_at=now,
    )


def evaluation_scheduled(
    party: Party, stage: str, starts_at: datetime, ends_at: datetime
) -> told.EvaluationScheduled:
    """What an application is reviewed at now."""
    return told.EvaluationScheduled(**_application(party), stage=stage, starts_at=starts_at, ends_at=ends_at)


def participated(year: Year, school: School, participant: Participant, now: datetime) -> told.SchoolSelected:
    """A school took part in a year before this software."""
    return told.SchoolSelected(
        programme_year=year,
        school=school.id,
        school_name_ko=school.name_ko,
        school_name_en=school.name_en,
        province=school.province,
        kind=participant.kind,
        application=None,
        run=None,
        result_sha256=None,
        designations=participant.designations,
        rank=None,
        selected_at=now,
        origin="imported",
    )


def reviewer_assigned(
    party: Party, assignment: Assignment, assigned_at: datetime, due_at: datetime
) -> told.ReviewerAssigned:
    return told.ReviewerAssigned(
        **_review(party, assignment.reviewer, assignment.stage), assigned_at=assigned_at, due_at=due_at
    )


def reviewer_recused(
    party: Party, reviewer: ReviewerId, stage: str, reason: str, now: datetime
) -> told.ReviewerRecused:
    return told.ReviewerRecused(**_review(party, reviewer, stage), reason=reason, recused_at=now)


def reviewer_released(
    party: Party, reviewer: ReviewerId, stage: str, reason: str, now: datetime
) -> told.ReviewerReleased:
    return told.ReviewerReleased(**_review(party, reviewer, stage), reason=reason, released_at=now)


def _review(party: Party, reviewer: ReviewerId, stage: str) -> dict[str, Any]:
    return {
        "programme_year": party.year,
        "reviewer": reviewer,
        "application": party.application,
        "school": party.school,
        "school_name_ko": party.name_ko,
        "school_name_en": party.name_en,
        "kind": party.kind,
        "stage": stage,
    }


def run_proposed(run: Run, counts: Mapping[str, int]) -> told.RunProposed:
    return told.RunProposed(**_run(run, counts), proposed_at=run.proposed_at)


def run_approved(run: Run, counts: Mapping[str, int], now: datetime) -> told.RunApproved:
    return told.RunApproved(**_run(run, counts), approved_at=now)


def results_published(
    run: Run,
    counts: Mapping[str, int],
    manifest: Mapping[str, int],
    now: datetime,
    appeals_until: datetime | None,
) -> told.ResultsPublished:
    streams = tuple(
        told.SchoolStream(school=school, sequence=sequence) for school, sequence in sorted(manifest.items())
    )
    return told.ResultsPublished(
        **_run(run, counts), published_at=now, appeals_until=appeals_until, manifest=streams
    )


def preliminary(
    run: Run, outcome: Outcome, now: datetime, appeals_until: datetime
) -> told.PreliminaryOutcomeAnnounced:
    return told.PreliminaryOutcomeAnnounced(
        **_outcome(run, outcome),
        outcome=outcome.award.outcome,
        designations=outcome.award.designations,
        rank=outcome.award.rank,
        reserve=outcome.award.reserve,
        reasons=outcome.reasons,
        announced_at=now,
        appeals_until=appeals_until,
    )


def final(
    run: Run, outcome: Outcome, now: datetime
) -> told.SchoolSelected | told.SchoolReserved | told.SchoolNotSelected:
    award, common = outcome.award, _outcome(run, outcome)
    if award.outcome == "selected":
        return told.SchoolSelected(
            **common, designations=award.designations, rank=award.rank, selected_at=now
        )
    if award.rank is not None and award.reserve is not None:
        return told.SchoolReserved(**common, rank=award.rank, reserve=award.reserve, reserved_at=now)
    return told.SchoolNotSelected(**common, reasons=outcome.reasons, decided_at=now)


def relinquished(party: Party, before: Standing, reason: str, now: datetime) -> told.SchoolRelinquished:
    return told.SchoolRelinquished(
        **_school(party),
        designations=before.designations,
        reason=reason,
        held=before.state,
        relinquished_at=now,
    )


def revoked(party: Party, before: Standing, reason: str, now: datetime) -> told.SchoolRevoked:
    return told.SchoolRevoked(
        **_school(party), designations=before.designations, reason=reason, revoked_at=now
    )


def offer_made(party: Party, offer: Offer) -> told.OfferMade:
    return told.OfferMade(**_offer(party, offer), offered_at=offer.made_at, expires_at=offer.expires_at)


def offer_accepted(party: Party, offer: Offer, now: datetime) -> told.OfferAccepted:
    return told.OfferAccepted(**_offer(party, offer), accepted_at=now)


def offer_declined(party: Party, offer: Offer, now: datetime) -> told.OfferDeclined:
    return told.OfferDeclined(**_offer(party, offer), declined_at=now)


def offer_expired(party: Party, offer: Offer, now: datetime) -> told.OfferExpired:
    return told.OfferExpired(**_offer(party, offer), expired_at=now)


def promoted(party: Party, offer: Offer, run: Run, now: datetime) -> told.SchoolPromoted:
    return told.SchoolPromoted(
        **_school(party),
        application=party.application,
        run=run.id,
        result_sha256=run.digests.result,
        offer=offer.id,
        upgrade=offer.upgrade,
        designations=offer.designations,
        promoted_at=now,
    )


def appeal_received(party: Party, appeal: Appeal) -> told.AppealReceived:
    return told.AppealReceived(
        **_application(party),
        appeal=appeal.id,
        run=appeal.run,
        grounds=appeal.grounds,
        received_at=appeal.filed_at,
    )


def appeal_decided(party: Party, appeal: Appeal, now: datetime) -> told.AppealDecided:
    return told.AppealDecided(
        **_application(party),
        appeal=appeal.id,
        outcome=appeal.state,
        reasons=appeal.reasons,
        decided_at=now,
    )


def _school(party: Party) -> dict[str, Any]:
    return {
        "programme_year": party.year,
        "school": party.school,
        "school_name_ko": party.name_ko,
        "school_name_en": party.name_en,
        "province": party.province,
        "kind": party.kind,
    }


def _application(party: Party) -> dict[str, Any]:
    return {**_school(party), "application": party.application}


def _outcome(run: Run, outcome: Outcome) -> dict[str, Any]:
    return {**_application(outcome.party), "run": run.id, "result_sha256": run.digests.result}


def _offer(party: Party, offer: Offer) -> dict[str, Any]:
    return {
        **_school(party),
        "offer": offer.id,
        "run": offer.run,
        "upgrade": offer.upgrade,
        "designations": offer.designations,
    }


def _run(run: Run, counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "programme_year": run.year,
        "run": run.id,
        "stage": run.stage,
        "snapshot_sha256": run.digests.snapshot,
        "result_sha256": run.digests.result,
        "rule": run.rule,
        "selected": counts.get("selected", 0),
        "reserved": counts.get("reserve", 0),
        "not_selected": counts.get("not_passed", 0),
    }
