"""From the register of schools to the closing of the call: apply, err, amend, withdraw, come too late."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from demo.cast import Applicant, Conduct, address
from demo.people import File, Route, together
from demo.play import calendar, policy
from demo.play.stage import Application, Stage
from demo.report.story import Label

IMPORT: Final = Route("applications", "POST", "/schools/import")
OPEN_YEAR: Final = Route("applications", "PUT", "/programme-years/{year}")
ANNOUNCE: Final = Route("applications", "POST", "/programme-years/{year}/calls")
EXTEND: Final = Route("applications", "POST", "/calls/{call}/extensions")
CLOSE: Final = Route("applications", "POST", "/calls/{call}/closure")
DRAFT: Final = Route("applications", "POST", "/applications")
SAVE: Final = Route("applications", "PUT", "/applications/{application}/answers")
ATTACH: Final = Route("applications", "PUT", "/applications/{application}/documents/{name}")
SUBMIT: Final = Route("applications", "POST", "/applications/{application}/submission")
AMEND: Final = Route("applications", "POST", "/applications/{application}/amendment")
WITHDRAW: Final = Route("applications", "POST", "/applications/{application}/withdrawal")
CONTACT: Final = Route("notifications", "PUT", "/contacts/me")

_PDF: Final = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


async def register(stage: Stage) -> None:
    """The register of schools is taken in, and refused where it should be."""
    cast, known = stage.cast, stage.known
    rows = [
        {
            "neis_code": school.neis_code,
            "name_ko": school.name_ko,
            "province": school.province,
            "stream": school.stream,
            "founder": school.founder,
        }
        for school in cast.schools
    ]
    with stage.phase(Label("학교 등록", "register schools"), 3) as step:
        await stage.clock_to(calendar.REGISTER)
        twice = {"rows": [rows[0], rows[0]]}
        await stage.desk.try_in_vain(stage.officer, IMPORT, twice, rule="distinct")
        step()
        outsider = stage.person("company-simulated", "company", "cmp_simulated")
        await stage.desk.try_in_vain(outsider, IMPORT, {"rows": rows[:1]}, rule="role_missing")
        step()
        imported = await stage.desk.ask(stage.officer, IMPORT, {"rows": rows})
        ids = {
            school["neis_code"] or f"{school['province']}:{school['name_ko']}": school["id"]
            for school in imported["schools"]
        }
        known.schools.update({school.register_key: ids[school.register_key] for school in cast.schools})


async def announce(stage: Stage) -> None:
    """The year is opened with its policy and the call is announced."""
    with stage.phase(Label("사업연도와 모집공고", "programme year and call"), 4) as step:
        await stage.clock_to(calendar.CALL_ANNOUNCED)
        broken = policy.of(stage.cast.size) | {"seats": 1}
        await stage.desk.try_in_vain(
            stage.officer, OPEN_YEAR, broken, year=calendar.YEAR, rule="at_least_up_to_seats"
        )
        await stage.desk.ask(stage.officer, OPEN_YEAR, policy.of(stage.cast.size), year=calendar.YEAR)
        step()
        call = await stage.desk.ask(
            stage.officer,
            ANNOUNCE,
            {
                "kinds": ["continuing", "new"],
                "tracks": ["regional_key_industry", "work_study", "new_technology"],
                "opens_at": calendar.CALL_OPENS.isoformat(),
                "deadline": calendar.DEADLINE.isoformat(),
            },
            year=calendar.YEAR,
        )
        stage.known.call = call["id"]
        step()
        await stage.desk.ask(stage.officer, CONTACT, contact("사업 담당", "office-programme", "ko"))
        step()
        school = stage.school(stage.known.schools[stage.cast.applicants[0].school.register_key])
        early = {"call": call["id"], "kind": "new"}
        await stage.desk.try_in_vain(school, DRAFT, early, rule="call_not_open_yet")
        step()


def contact(name: str, party: str, language: str) -> dict[str, str]:
    """A made-up contact."""
    return {"name": f"모의 {name}", "address": address(party), "language": language}


async def apply(stage: Stage) -> None:
    """Before the deadline: everybody drafts, saves and attaches, most submit, some think again."""
    applicants = stage.cast.applicants
    with stage.phase(Label("신청서 작성과 제출", "draft and submit"), len(applicants)) as step:
        await stage.clock_to(calendar.APPLYING)
        stage.known.applications.extend(
            await together([partial(_apply, stage, applicant) for applicant in applicants], step)
        )
    with stage.phase(Label("고치고, 다시 내고, 거두기", "mend, amend, withdraw"), 4) as step:
        await stage.clock_to(calendar.MENDING)
        for conduct, act in _SECOND_THOUGHTS.items():
            chosen = with_conduct(stage, conduct)
            await together([partial(act, stage, application) for application in chosen], lambda: None)
            step()
        await _transgress(stage)
        step()


async def _apply(stage: Stage, applicant: Applicant) -> Application:
    school = stage.school(stage.known.schools[applicant.school.register_key])
    await stage.desk.ask(school, CONTACT, contact("담당자", school.party or "", applicant.language))
    body = {"call": stage.known.call, "kind": applicant.kind}
    drafted = await stage.desk.ask(school, DRAFT, body)
    application = Application(applicant, school, drafted["id"])
    errs = applicant.conduct in {"mends", "gives_up"}
    await save(stage, application, without=applicant.slip if errs else "")
    if errs:
        await stage.desk.try_in_vain(school, SUBMIT, application=application.id, rule="required")
    elif applicant.conduct not in {"late", "extended"}:
        await submit(stage, application)
    return application


async def save(stage: Stage, application: Application, *, without: str = "", students: int = 0) -> None:
    """Keep the answers and attach the documents, all but what is left out."""
    applicant = application.applicant
    answers: dict[str, Any] = {
        "tracks": list(applicant.tracks),
        "figures": _figures(applicant, students),
    }
    if without == "figure":
        del answers["figures"]["planned_students"]
    if without != "wish":
        answers["accepts_general"] = applicant.accepts_general
    await stage.desk.ask(application.school, SAVE, answers, application=application.id)
    documents = policy.documents_for(applicant.kind)
    for name in documents[1:] if without == "document" else documents:
        file = File(_PDF + application.id.encode(), "application/pdf")
        await stage.desk.ask(application.school, ATTACH, file, application=application.id, name=name)


def _figures(applicant: Applicant, students: int) -> dict[str, str]:
    """Plans for the coming year; of a continuing school also what became of its last cohort."""
    figures = {
        "planned_students": students or applicant.planned_students,
        "partner_companies": applicant.partner_companies,
    }
    if applicant.kind == "continuing":
        outcomes = applicant.outcomes
        figures |= {
            "graduates": outcomes.graduates,
            "employed": outcomes.employed,
            "advanced": outcomes.advanced,
            "enlisted": outcomes.enlisted,
            "excluded": outcomes.excluded,
            "retained": outcomes.retained,
        }
    return {name: str(figure) for name, figure in figures.items()}


async def submit(stage: Stage, application: Application) -> None:
    receipt = await stage.desk.ask(application.school, SUBMIT, application=application.id)
    application.receipt = receipt["receipt"]


async def _mend(stage: Stage, application: Application) -> None:
    await save(stage, application)
    await submit(stage, application)


async def _amend(stage: Stage, application: Application) -> None:
    await save(stage, application, students=application.applicant.planned_students + 4)
    await stage.desk.ask(application.school, AMEND, application=application.id)


async def _withdraw(stage: Stage, application: Application) -> None:
    reason = {"reason": "too_few_students"}
    await stage.desk.ask(application.school, WITHDRAW, reason, application=application.id)


_SECOND_THOUGHTS: Final[Mapping[Conduct, Callable[[Stage, Application], Awaitable[None]]]] = {
    "mends": _mend,
    "amends": _amend,
    "withdraws": _withdraw,
}


async def _transgress(stage: Stage) -> None:
    """What must not be possible, tried once each."""
    desk, call = stage.desk, stage.known.call
    standing = with_conduct(stage, "plain")
    mine, other = standing[0], standing[1]
    draft = with_conduct(stage, "late")[0]
    gone = with_conduct(stage, "withdraws")[0]
    stranger = stage.person("company-simulated", "company", "cmp_simulated")
    again = {"call": call, "kind": mine.applicant.kind}
    await desk.try_in_vain(mine.school, DRAFT, again, rule="one_application_a_call")
    await desk.try_in_vain(mine.school, SUBMIT, application=mine.id, rule="application_not_draft")
    await desk.try_in_vain(draft.school, AMEND, application=draft.id, rule="application_not_submitted")
    await desk.try_in_vain(gone.school, AMEND, application=gone.id, rule="application_not_submitted")
    await desk.try_in_vain(
        other.school, WITHDRAW, {"reason": "none"}, application=mine.id, rule="application_not_found"
    )
    await desk.try_in_vain(stranger, DRAFT, again, rule="role_missing")
    await desk.try_in_vain(
        mine.school, WITHDRAW, {"reason": "Not a code"}, application=mine.id, rule="invalid"
    )


async def close(stage: Stage) -> None:
    """The deadline passes: an extension holds, everybody else is late; then the call is closed."""
    late, extended = with_conduct(stage, "late"), with_conduct(stage, "extended")
    with stage.phase(Label("마감", "deadline and closing"), len(late) + 4) as step:
        for application in extended:
            grant = {
                "school": application.school.party,
                "until": calendar.EXTENDED.isoformat(),
                "reason": "system_outage",
            }
            await stage.desk.ask(stage.officer, EXTEND, grant, call=stage.known.call)
        step()
        await stage.clock_to(calendar.AFTER_DEADLINE)
        for application in late:
            await stage.desk.try_in_vain(
                application.school, SUBMIT, application=application.id, rule="deadline_passed"
            )
            step()
        for application in extended:
            await submit(stage, application)
        step()
        await stage.desk.try_in_vain(stage.officer, CLOSE, call=stage.known.call, rule="call_still_open")
        step()
        await stage.clock_to(calendar.CLOSING)
        await stage.desk.ask(stage.officer, CLOSE, call=stage.known.call)
        step()


def with_conduct(stage: Stage, conduct: Conduct) -> Sequence[Application]:
    """The applications of those who go about it in that way."""
    return [each for each in stage.known.applications if each.applicant.conduct == conduct]
