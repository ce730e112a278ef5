"""What the printed forms of agreements say; the forms themselves are in `placement.texts`."""

from datetime import date, datetime
from typing import Any, Final

from chassis.transaction import ReadTransaction
from placement.domain.persons import Person
from placement.domain.vocabulary import KST
from placement.views.agreements import BipartiteDetail, TripartiteDetail

_STATES: Final = {
    "proposed": "서명 대기 (proposed)",
    "drafted": "서명 대기 (waits for signatures)",
    "in_force": "발효 (in force)",
    "withdrawn": "철회 (withdrawn)",
    "lapsed": "서명 기한 경과 (lapsed)",
    "ended": "종료 (ended)",
    "expired": "기간 만료 (expired)",
}
_OPEN: Final = "-"


async def bipartite(tx: ReadTransaction, shown: BipartiteDetail) -> dict[str, Any]:
    number = await tx.fetchval("select registration_number from company where id = $1", shown.company)
    return {
        "title": f"산학협력 협약서 {shown.id}",
        "programme_year": f"{shown.programme_year}",
        "agreement": shown.id,
        "school": _both(shown.school_name_ko, shown.school_name_en),
        "company": _both(shown.company_name_ko, shown.company_name_en),
        "registration_number": f"{number[:3]}-{number[3:5]}-{number[5:]}",
        "term": _period(shown.starts_on, shown.ends_on),
        "state": _state(shown.state, shown.over_at, shown.over_reason),
        "version": f"{len(shown.versions)}",
        "signed_by_school": _moment(shown.school_signed_at),
        "signed_by_company": _moment(shown.company_signed_at),
    }


async def tripartite(tx: ReadTransaction, shown: TripartiteDetail, person: Person | None) -> dict[str, Any]:
    """The work is as it was agreed on, which its opening may offer no longer."""
    consent = await tx.fetchval("select given_on from guardian_consent where student = $1", shown.student)
    work = shown.versions[-1].terms["work"]
    starts_on, ends_on = work["starts_on"], work["ends_on"]
    return {
        "title": f"취업 협약서 {shown.id}",
        "programme_year": f"{shown.programme_year}",
        "agreement": shown.id,
        "school": shown.school_name_ko,
        "company": shown.company_name_ko,
        "student": shown.student if person is None else f"{person.name} ({person.birth_date.isoformat()})",
        "work": f"{work['title']} ({work['field']})",
        "address": work["address"],
        "wage": f"{work['wage_krw_per_hour']:,}원 (KRW)",
        "hours": f"1일 {work['hours_per_day']}시간, 1주 {work['hours_per_week']}시간, "
        f"{work['works_from'][:5]} ~ {work['works_until'][:5]}",
        "period": f"{starts_on} ~ {ends_on or '기간을 정하지 않음 (no end)'}",
        "consent": _OPEN if consent is None else consent.isoformat(),
        "state": _state(shown.state, shown.over_at, shown.over_reason),
        "version": f"{len(shown.versions)}",
        "sign_until": _moment(shown.sign_until),
        "signed_by_student": _moment(shown.student_signed_at),
        "signed_by_school": _moment(shown.school_signed_at),
        "signed_by_company": _moment(shown.company_signed_at),
    }


def _both(ko: str, en: str | None) -> str:
    return ko if en is None else f"{ko} ({en})"


def _period(first: date, last: date) -> str:
    return f"{first.isoformat()} ~ {last.isoformat()}"


def _state(state: str, over_at: datetime | None, reason: str | None) -> str:
    return _STATES[state] if over_at is None else f"{_STATES[state]}, {_moment(over_at)}, {reason}"


def _moment(moment: datetime | None) -> str:
    return _OPEN if moment is None else f"{moment.astimezone(KST):%Y-%m-%d %H:%M:%S} (KST)"
