"""Tables of Excel files: what the views show, with Korean headers and names."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from chassis.transaction import ReadTransaction
from contracts.values import PROVINCES, TRACKS, Named
from papers.tables import Cell, Table
from placement.domain.persons import Person
from placement.domain.vocabulary import StudentId
from placement.views import dashboard, outcomes, stuck
from placement.views.classes import ClassDetail
from placement.views.companies import OpeningDetail
from placement.views.dashboard import DashboardFilter
from placement.views.stuck import KINDS, StuckFilter, StuckView
from placement.views.students import StudentView

STUCK_ROWS: Final = 1000
"""Rows of one kind on the sheet of what is stuck; the counts say how many there are."""

_KINDS: Final[Mapping[str, str]] = {
    "company_to_approve": "승인 대기 기업",
    "agreement_unsigned": "서명 대기 2자 협약",
    "placement_unsigned": "서명 대기 3자 협약",
    "offer_unanswered": "미응답 제안",
    "opening_unfilled": "미충원 채용 자리",
    "check_overdue": "기한이 지난 유지취업 확인",
    "student_searching": "취업처를 찾는 학생",
}
_PROGRESS: Final[Mapping[str, str]] = {
    "enrolled": "재학",
    "offered": "제안 받음",
    "agreement_drafted": "협약 서명 중",
    "placed": "취업",
}


_OUTCOMES: Final = ("참여", "졸업", "취업", "진학", "입대", "제외")
_LASTING: Final = ("6개월 대상", "6개월 유지", "12개월 대상", "12개월 유지")
_RATES: Final = ("취업률(%)", "졸업자 대비(%)", "6개월 유지율(%)", "12개월 유지율(%)")
_SHEETS: Final[Mapping[outcomes.Dimension, tuple[str, tuple[str, ...]]]] = {
    "total": ("전체", ()),
    "province": ("시·도", ("시·도",)),
    "track": ("유형", ("유형",)),
    "school": ("학교", ("시·도", "학교", "학교명")),
    "department": ("학과", ("시·도", "학교", "학교명", "유형", "학과")),
}


async def outcome_tables(
    tx: ReadTransaction, year: int, as_of: date | None, school: str | None
) -> list[Table]:
    """A cohort by everything it is put together by, a sheet each."""
    tables = []
    for by, (name, keys) in _SHEETS.items():
        shown = await outcomes.outcomes(tx, year, by, as_of, school)
        left_out = set(outcomes.KEYS["department"]) - set(outcomes.KEYS[by])
        rows = [_named(value for field, value in each if field not in left_out) for each in shown.rows]
        header = ("사업연도", "기준일", *keys, *_OUTCOMES, *_LASTING, *_RATES)
        tables.append(Table(name, header, [[year, shown.as_of, *row] for row in rows]))
    return tables


async def dashboard_tables(tx: ReadTransaction, wanted: DashboardFilter) -> list[Table]:
    """Students, places, and all that is stuck."""
    shown = await dashboard.dashboard(tx, wanted)
    waiting: list[StuckView] = []
    for kind in KINDS:
        of_kind = StuckFilter(
            kind=kind, programme_year=wanted.programme_year, province=wanted.province, limit=STUCK_ROWS
        )
        waiting += (await stuck.stuck(tx, of_kind)).items
    return [
        Table(
            "학생 현황",
            (
                *("사업연도", "시·도", "유형", "학교", "취업맞춤반", "정원", "학생", "취업"),
                *("협약 서명 중", "서명 대기 시작", "제안 받음", "구직 중", "취업 종료"),
                *("확인 미응답", "확인 기한 경과", "확인 기한"),
                *("6개월 확인", "6개월 유지", "12개월 확인", "12개월 유지"),
            ),
            [_named(each.model_dump().values()) for each in shown.students],
        ),
        Table(
            "채용 자리",
            ("사업연도", "시·도", "기업", "채용 건", "자리", "사용 중", "취업", "미충원 건"),
            [_named(each.model_dump().values()) for each in shown.places],
        ),
        Table(
            "처리 대기",
            ("구분", "사업연도", "시·도", "대기 시작", "기한", "학교", "기업", "학생", "차례", "번호"),
            [_waiting(each) for each in waiting],
        ),
    ]


def class_tables(shown: ClassDetail, persons: Mapping[StudentId, Person]) -> list[Table]:
    """A class's roster and how each student fares, with names where the school may have them."""
    header = (
        "학생 번호",
        "이름",
        "생년월일",
        "등록일",
        "진행",
        "기업",
        "제안 기한",
        "출근일",
        "종료 취업",
        "ID",
    )
    rows: list[list[Cell]] = []
    for each in shown.roster:
        person = persons.get(StudentId(each.student))
        rows.append(
            [
                each.reference,
                person.name if person else None,
                person.birth_date if person else None,
                each.enrolled_at,
                _PROGRESS[each.progress],
                each.company_name_ko,
                each.offer_expires_at,
                each.starts_on,
                each.ended_placements,
                each.student,
            ]
        )
    return [Table("취업맞춤반", header, rows)]


_OPENING_HEADER: Final = (
    *("사업연도", "직무", "분야", "시·도", "시급", "주당 시간", "출근일"),
    *("자리", "사용 중", "취업", "상태", "ID"),
)


def opening_tables(openings: Sequence[OpeningDetail]) -> list[Table]:
    """A company's openings, and its offers with what became of each."""
    return [
        Table(
            "채용 자리",
            _OPENING_HEADER,
            [
                [
                    *(each.programme_year, each.title, each.field, _name(PROVINCES, each.province)),
                    *(each.wage_krw_per_hour, each.hours_per_week, each.starts_on, each.places, each.held),
                    *(each.active, each.state.value, each.id),
                ]
                for each in openings
            ],
        ),
        Table(
            "제안",
            ("채용 자리", "학생", "제안일", "기한", "상태", "협약", "협약 상태", "취업", "취업 상태"),
            [
                [
                    *(opening.title, each.student, each.offered_at, each.expires_at, each.state),
                    *(each.agreement, each.agreement_state, each.placement, each.placement_state),
                ]
                for opening in openings
                for each in opening.people
            ],
        ),
    ]


def student_tables(shown: StudentView) -> list[Table]:
    """A student's own data: offers and placements, and the reasons of each round."""
    missed: list[list[Cell]] = [
        [each.number, reason.opening, reason.own_rank, reason.last_rank, reason.ko]
        for each in shown.rounds
        for reason in each.missed or ()
    ]
    return [
        Table(
            "제안과 취업",
            ("구분", "기업", "날짜", "기한·종료", "상태"),
            [
                *(
                    ["제안", each.company_name_ko, each.offered_at, each.expires_at, each.state.value]
                    for each in shown.offers
                ),
                *(
                    ["취업", each.company_name_ko, each.starts_on, each.ended_on, each.state.value]
                    for each in shown.placements
                ),
            ],
        ),
        Table("결과 설명", ("회차", "채용 자리", "내 순위", "마지막 순위", "이유"), missed),
    ]


def _named(values: Iterable[Cell]) -> list[Cell]:
    """A cell's values, the codes of province and track by name."""
    return [
        _name(PROVINCES, each) if each in PROVINCES else _name(TRACKS, each) if each in TRACKS else each
        for each in values
    ]


def _name(vocabulary: Mapping[str, Named], code: object) -> str:
    return vocabulary[code].ko if isinstance(code, str) and code in vocabulary else str(code)


def _waiting(each: StuckView) -> list[Cell]:
    return [
        *(_KINDS[each.kind], each.programme_year, _name(PROVINCES, each.province), each.since, each.until),
        *(each.school_name_ko, each.company_name_ko, each.student, ", ".join(each.waits_for), each.id),
    ]
