"""Agreements, offers and placements go one way, in time, and end once."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.placement.test_rules import COMPANY, MICROSECOND, NOW, PARTIES, SCHOOL, TERM, TODAY, UNTIL, rule_of

from chassis.refusals import Conflict, Invalid
from placement.domain import agreements
from placement.domain.agreements import Tripartite
from placement.domain.offers import Offer
from placement.domain.placements import Exit, Placement, Source
from placement.domain.vocabulary import (
    AgreementId,
    BipartiteState,
    ClassId,
    EndReason,
    OfferId,
    OfferState,
    OpeningId,
    OverBy,
    PlacementId,
    RoundId,
    Side,
    StudentId,
    TripartiteState,
    Year,
)


def bipartite(by: Side = Side.SCHOOL) -> agreements.Bipartite:
    draft = agreements.BipartiteDraft(Year(2025), SCHOOL.id, COMPANY, TERM)
    return agreements.propose(AgreementId("agr_1"), draft, by, NOW)


@pytest.mark.parametrize(("by", "other"), [(Side.SCHOOL, Side.COMPANY), (Side.COMPANY, Side.SCHOOL)])
def test_the_other_party_brings_an_agreement_into_force(by: Side, other: Side) -> None:
    proposed = bipartite(by)
    with pytest.raises(Conflict) as refusal:
        proposed.sign(by, NOW)
    assert rule_of(refusal) == "signed_already"
    signed = proposed.sign(other, NOW)
    assert (proposed.state, signed.state) == (BipartiteState.PROPOSED, BipartiteState.IN_FORCE)
    with pytest.raises(Conflict):
        signed.sign(other, NOW)


def test_a_day_ends_at_midnight_in_korea() -> None:
    assert agreements.day_of(datetime(2025, 4, 30, 14, 59, 59, tzinfo=UTC)) == date(2025, 4, 30)
    assert agreements.day_of(datetime(2025, 4, 30, 15, tzinfo=UTC)) == date(2025, 5, 1)


def test_an_agreement_whose_term_is_over_is_neither_proposed_nor_signed() -> None:
    later = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(Conflict, match="term is over"):
        bipartite().sign(Side.COMPANY, later)
    over = agreements.BipartiteDraft(Year(2025), SCHOOL.id, COMPANY, TERM)
    with pytest.raises(Invalid, match="over before it begins"):
        agreements.propose(AgreementId("agr_1"), over, Side.SCHOOL, later)


@given(order=st.permutations(list(Side)))
def test_a_tripartite_agreement_is_in_force_with_the_third_signature_in_any_order(order: list[Side]) -> None:
    agreement = agreements.draft(AgreementId("agr_1"), PARTIES, UNTIL, offer=OfferId("off_1"))
    for at, side in enumerate(order):
        assert agreement.state is TripartiteState.DRAFTED
        agreement = agreement.sign(side, NOW)
        if at < 2:
            with pytest.raises(Conflict):
                agreement.sign(side, NOW)
    assert agreement.state is TripartiteState.IN_FORCE
    with pytest.raises(Conflict):
        agreement.sign(order[0], NOW)


def test_a_tripartite_agreement_comes_of_an_offer_or_of_a_reason_never_both() -> None:
    for ground in ({}, {"offer": OfferId("off_1"), "reason": "late"}):
        with pytest.raises(Invalid):
            agreements.draft(AgreementId("agr_1"), PARTIES, UNTIL, **ground)  # type: ignore[arg-type]  # both or neither
    by_hand: Tripartite = agreements.draft(AgreementId("agr_1"), PARTIES, UNTIL, reason="late")
    assert by_hand.route == "officer"


def offer() -> Offer:
    return Offer(
        OfferId("off_1"),
        Year(2025),
        RoundId("mat_1"),
        StudentId("stu_1"),
        ClassId("cls_1"),
        OpeningId("opn_1"),
        1,
        NOW,
        NOW + timedelta(days=7),
    )


def test_an_offer_is_answered_once_and_in_time() -> None:
    end = offer().expires_at
    assert offer().accept(end - MICROSECOND).state is OfferState.ACCEPTED
    assert offer().decline(end - MICROSECOND).state is OfferState.DECLINED
    assert offer().expire(end).state is OfferState.EXPIRED
    for late in (offer().accept, offer().decline):
        with pytest.raises(Conflict, match="could be answered until"):
            late(end)
    with pytest.raises(Conflict, match="can be answered until"):
        offer().expire(end - MICROSECOND)
    for answered in (offer().accept(NOW), offer().decline(NOW), offer().expire(end)):
        for again in (answered.accept, answered.decline, answered.expire):
            with pytest.raises(Conflict) as refusal:
                again(end)
            assert rule_of(refusal) == "offer_answered"


def test_a_placement_ends_once() -> None:
    placement = Placement(PlacementId("plc_1"), PARTIES, AgreementId("agr_1"), NOW, TODAY)
    ended = placement.end(Exit(TODAY, EndReason.RESIGNATION, Source.COMPANY), NOW)
    assert ended.ended_reason is EndReason.RESIGNATION
    with pytest.raises(Conflict):
        ended.end(Exit(TODAY, EndReason.CLOSURE, Source.SCHOOL), NOW)


def drafted() -> Tripartite:
    return agreements.draft(AgreementId("agr_1"), PARTIES, UNTIL, reason="late")


def in_force() -> Tripartite:
    return drafted().sign(Side.STUDENT, NOW).sign(Side.SCHOOL, NOW).sign(Side.COMPANY, NOW)


def test_an_unsigned_agreement_comes_to_nothing_once_and_never_before_its_time() -> None:
    with pytest.raises(Conflict) as refusal:
        drafted().lapse(UNTIL - MICROSECOND)
    assert rule_of(refusal) == "signing_runs"
    with pytest.raises(Conflict) as refusal:
        drafted().sign(Side.SCHOOL, UNTIL)
    assert rule_of(refusal) == "signing_too_late"
    over = drafted().lapse(UNTIL), drafted().withdraw(OverBy.STUDENT, "changed_plans", NOW)
    assert [each.state for each in over] == [TripartiteState.LAPSED, TripartiteState.WITHDRAWN]
    for each in (*over, in_force()):
        steps: list[Callable[[], object]] = [
            partial(each.lapse, UNTIL),
            partial(each.withdraw, OverBy.OFFICER, "x", NOW),
            partial(each.sign, Side.COMPANY, NOW),
        ]
        for step in steps:
            with pytest.raises(Conflict):
                step()


def test_an_agreement_in_force_ends_or_expires_and_a_draft_does_neither() -> None:
    assert in_force().end(OverBy.COMPANY, "closure", NOW).state is TripartiteState.ENDED
    assert in_force().end(OverBy.DEADLINE, "term_over", NOW).state is TripartiteState.EXPIRED
    with pytest.raises(Conflict):
        drafted().end(OverBy.COMPANY, "closure", NOW)


def test_what_is_over_is_neither_ended_nor_expired_nor_changed() -> None:
    late = datetime(2026, 2, 28, 15, tzinfo=UTC)
    signed = bipartite().sign(Side.COMPANY, NOW)
    with pytest.raises(Conflict) as refusal:
        signed.expire(late - MICROSECOND)
    assert rule_of(refusal) == "term_runs"
    over = (
        signed.end(OverBy.SCHOOL, "closed", NOW),
        bipartite().end(OverBy.OFFICER, "closed", NOW),
        signed.expire(late),
        bipartite().expire(late),
    )
    states = [each.state.value for each in over]
    assert states == ["ended", "withdrawn", "expired", "expired"]
    for each in over:
        steps: list[Callable[[], object]] = [
            partial(each.end, OverBy.SCHOOL, "closed", NOW),
            partial(each.expire, late),
            partial(each.want, TERM, Side.SCHOOL, NOW),
            partial(each.settle, Side.COMPANY, NOW),
            partial(each.sign, Side.COMPANY, NOW),
        ]
        for step in steps:
            with pytest.raises(Conflict):
                step()
