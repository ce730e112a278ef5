"""What happened here, as the events of the contracts tell it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter

from applications.domain.applications import Application, Withdrawal
from applications.domain.calls import Call, Extension
from applications.domain.policy import KST, Policy, ProgrammeYear
from applications.domain.schools import School
from contracts import applications as told

_POLICY: Final = TypeAdapter(Policy)


def registered(school: School, now: datetime) -> told.SchoolRegistered:
    return told.SchoolRegistered(**_entry(school, now), registered_at=now)


def renamed(school: School, now: datetime) -> told.SchoolRenamed:
    return told.SchoolRenamed(**_entry(school, now), renamed_at=now)


def school_closed(school: School, reason: str, now: datetime) -> told.SchoolClosed:
    return told.SchoolClosed(**_entry(school, now), closed_at=now, reason=reason)


def year_opened(year: ProgrammeYear) -> told.ProgrammeYearOpened:
    policy = told.Policy.model_validate(_POLICY.dump_python(year.policy, mode="json"))
    return told.ProgrammeYearOpened(programme_year=year.year, policy=policy, opened_at=year.opened_at)


def call_opened(call: Call, now: datetime) -> told.CallOpened:
    return told.CallOpened(**_terms(call), opened_at=now)


def call_amended(call: Call, reason: str, now: datetime) -> told.CallAmended:
    return told.CallAmended(**_terms(call), amended_at=now, reason=reason)


def call_closed(call: Call, manifest: Mapping[str, int], now: datetime) -> told.CallClosed:
    standing = [told.StandingApplication(application=a, sequence=s) for a, s in sorted(manifest.items())]
    return told.CallClosed(programme_year=call.year, call=call.id, closed_at=now, manifest=tuple(standing))


def extension_granted(call: Call, extension: Extension, now: datetime) -> told.ExtensionGranted:
    return told.ExtensionGranted(
        programme_year=call.year,
        call=call.id,
        school=extension.school,
        until=extension.until,
        granted_at=now,
        reason=extension.reason,
    )


def submitted(application: Application, school: School) -> told.ApplicationSubmitted:
    return told.ApplicationSubmitted(**_submission(application, school))


def amended(application: Application, school: School) -> told.ApplicationAmended:
    return told.ApplicationAmended(**_submission(application, school), amendment=application.version - 1)


def withdrawn(application: Application, school: School, withdrawal: Withdrawal) -> told.ApplicationWithdrawn:
    return told.ApplicationWithdrawn(
        **_applicant(application, school),
        withdrawn_at=withdrawal.at,
        after_deadline=withdrawal.after_deadline,
        reason=withdrawal.reason,
    )


def _entry(school: School, now: datetime) -> dict[str, Any]:
    facts = school.facts
    return {
        # The register belongs to no programme year; its events carry the calendar year in Korea.
        "programme_year": now.astimezone(KST).year,
        "school": school.id,
        "neis_code": facts.neis_code,
        "name_ko": facts.name_ko,
        "name_en": facts.name_en,
        "province": facts.province,
        "school_type": facts.school_type,
        "stream": facts.stream,
        "founder": facts.founder,
    }


def _terms(call: Call) -> dict[str, Any]:
    return {
        "programme_year": call.year,
        "call": call.id,
        "kinds": tuple(kind.value for kind in call.terms.kinds),
        "tracks": tuple(track.value for track in call.terms.tracks),
        "opens_at": call.terms.opens_at,
        "closes_at": call.terms.deadline,
    }


def _applicant(application: Application, school: School) -> dict[str, Any]:
    return {
        "programme_year": application.year,
        "application": application.id,
        "call": application.call,
        "school": school.id,
        "school_name_ko": school.facts.name_ko,
        "school_name_en": school.facts.name_en,
        "province": school.facts.province,
        "kind": application.kind.value,
        "receipt": application.receipt,
    }


def _submission(application: Application, school: School) -> dict[str, Any]:
    answers = application.answers
    return {
        **_applicant(application, school),
        "tracks": tuple(track.value for track in answers.tracks),
        "accepts_general": answers.accepts_general,
        "answers": {name: f"{figure:f}" for name, figure in answers.figures.items()},
        "documents": tuple(
            told.Document(
                document=document.id,
                kind=document.name,
                sha256=document.digest,
                media_type=document.media_type,
                size_bytes=document.size,
            )
            for document in application.documents
        ),
        "accepted_at": application.accepted_at,
    }
