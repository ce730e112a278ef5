"""What the report calls the messages that were sent, whoever of those concerned they went to."""

from collections.abc import Mapping
from typing import Final

from demo.report.story import Label

_TO: Final = ("_company", "_school", "_office")

MESSAGES: Final[Mapping[str, Label]] = {
    "agreement_in_force": Label("2자 협약 발효", "Bipartite agreement in force"),
    "agreement_proposed": Label("2자 협약 서명 요청", "Bipartite agreement to sign"),
    "application_amended": Label("신청 내용 변경", "Application amended"),
    "application_submitted": Label("신청 접수", "Application accepted"),
    "application_withdrawn": Label("신청 철회", "Application withdrawn"),
    "call_amended": Label("모집공고 변경", "Call amended"),
    "call_closed": Label("모집 마감", "Call closed"),
    "call_opened": Label("모집공고", "Call opened"),
    "class_closed": Label("취업맞춤반 모집 종료", "Class takes no one new"),
    "class_opened": Label("취업맞춤반 개설", "Class opened"),
    "company_approved": Label("참여 기업 승인", "Company approved"),
    "eligibility_decided": Label("신청 자격 검토 결과", "Eligibility decided"),
    "evaluation_scheduled": Label("평가 일정", "Evaluation scheduled"),
    "extension_granted": Label("신청 기한 연장", "Extension granted"),
    "offer_accepted": Label("선정 제안 수락", "Offer accepted"),
    "offer_declined": Label("선정 제안 거절", "Offer declined"),
    "offer_expired": Label("선정 제안 만료", "Offer expired"),
    "offer_made": Label("예비 학교 선정 제안", "Offer to a reserve school"),
    "opening_filled": Label("채용 자리 마감", "Opening filled"),
    "opening_published": Label("채용 자리 공개", "Opening published"),
    "outcome_corrected": Label("성과 정정", "Outcome corrected"),
    "outcome_reported": Label("성과 집계", "Outcome reported"),
    "outcome_reporting_closed": Label("성과 보고 마감", "Outcome reporting closed"),
    "placement_end_corrected": Label("퇴사 내용 정정", "End of work corrected"),
    "placement_ended": Label("퇴사", "Work ended"),
    "preferences_opened": Label("희망 기업 작성", "Preferences opened"),
    "preliminary_outcome": Label("예비 선정 결과", "Preliminary outcome"),
    "results_published": Label("결과 발표", "Results published"),
    "retention_checked": Label("유지취업 확인 결과", "Retention checked"),
    "retention_due": Label("유지취업 확인 요청", "Retention check to answer"),
    "reviewer_assigned": Label("평가 배정", "Review assigned"),
    "run_approved": Label("선정안 승인", "Run approved"),
    "run_proposed": Label("선정안 승인 요청", "Run to approve"),
    "school_not_selected": Label("최종 결과: 미선정", "Final: not selected"),
    "school_promoted": Label("승계 선정 확정", "Promoted from the reserve list"),
    "school_registered": Label("학교 등록", "School registered"),
    "school_relinquished": Label("선정 포기", "Place relinquished"),
    "school_reserved": Label("최종 결과: 예비순위", "Final: reserve list"),
    "school_selected": Label("최종 결과: 선정", "Final: selected"),
    "student_accepted": Label("취업 제안 수락", "Offer of work accepted"),
    "student_agreement_drafted": Label("3자 협약 서명 요청", "Tripartite agreement to sign"),
    "student_agreement_ended": Label("3자 협약 무효", "Unsigned agreement ended"),
    "student_declined": Label("취업 제안 거절", "Offer of work declined"),
    "student_enrolled": Label("취업맞춤반 등록", "Enrolled in a class"),
    "student_offer_expired": Label("취업 제안 만료", "Offer of work expired"),
    "student_offered": Label("취업 제안", "Offer of work"),
    "student_placed": Label("취업 확정", "Placed"),
    "student_offer_withdrawn": Label("취업 제안 철회", "Offer of work withdrawn"),
    "student_unmatched": Label("매칭 결과: 미배정", "Unmatched"),
}


def message(template: str) -> Label:
    """What messages of `template` are about; its own name where the report has no words for it."""
    subject = template
    for suffix in _TO:
        subject = subject.removesuffix(suffix)
    return MESSAGES.get(subject, Label(subject.replace("_", " "), subject.replace("_", " ")))
