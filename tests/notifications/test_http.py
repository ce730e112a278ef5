"""Over HTTP: everybody's own contact and inbox, and figures without contents for those who oversee."""

from datetime import timedelta
from typing import Any

from tests.asking import Caller, done, refused
from tests.notifications.desk import ADDRESS, NAME, NOW, Desk
from tests.notifications.test_telling import submitted

from contracts.evaluation import ReviewerAssigned, RunProposed
from contracts.examples import example
from notifications.domain.concerns import OFFICE
from notifications.domain.deliveries import Refused

CONTACT = {"name": NAME, "address": ADDRESS, "language": "ko"}


def school(desk: Desk, number: int = 1) -> Caller:
    return desk.caller("school", party=f"sch_{number}")


async def inbox_of(caller: Caller, **query: Any) -> dict[str, Any]:
    shown: dict[str, Any] = done(await caller.get("/inbox", **query))
    return shown


async def test_a_party_writes_reads_and_deletes_its_own_contact(desk: Desk) -> None:
    staff = school(desk)
    refused(await staff.get("/contacts/me"), 404, (None, "contact_not_found"))
    assert (await staff.put("/contacts/me", CONTACT)).status_code == 204
    shown = done(await staff.get("/contacts/me"))
    assert shown == {"party": "sch_1", **CONTACT, "written_at": "2025-02-01T03:00:00Z"}
    assert (await staff.delete("/contacts/me")).status_code == 204
    refused(await staff.get("/contacts/me"), 404, (None, "contact_not_found"))
    refused(await staff.delete("/contacts/me"), 404, (None, "contact_not_found"))
    audited = await desk.rows("select actor, action, subject, detail from messaging.audit order by id")
    assert [(row["actor"], row["action"], row["subject"]) for row in audited] == [
        (staff.name, "contact_written", "sch_1"),
        (staff.name, "contact_deleted", "sch_1"),
    ]


async def test_a_contact_that_breaks_a_rule_changes_nothing_and_is_not_repeated(desk: Desk) -> None:
    for changed, field, rule in (
        ({"address": "no address"}, "address", "address_not_mailable"),
        ({"name": "a\nb"}, "name", "name_not_plain"),
        ({"language": "fr"}, "language", "literal_error"),
        ({"party": "sch_2"}, "party", "extra_forbidden"),
    ):
        answer = await school(desk).put("/contacts/me", CONTACT | changed)
        refused(answer, 422, (field, rule))
        assert ADDRESS not in answer.text
        assert NAME not in answer.text
        assert changed.get("address", "?") not in answer.text
    assert await desk.rows("select from contact") == []


async def test_the_same_request_again_has_the_same_answer_and_one_effect(desk: Desk) -> None:
    staff = school(desk)
    for _ in range(2):
        assert (await staff.put("/contacts/me", CONTACT, key="the-same")).status_code == 204
    assert len(await desk.rows("select from messaging.audit")) == 1


async def test_deleting_a_contact_lets_unsent_mail_wait_for_another(desk: Desk) -> None:
    staff = school(desk)
    await staff.put("/contacts/me", CONTACT)
    await desk.arrive(submitted(1))
    await staff.delete("/contacts/me")
    assert await desk.deliveries() == [("sch_1", "application_submitted", "waiting")]
    assert await desk.courier().send_batch() == 0
    await staff.put("/contacts/me", CONTACT)
    assert await desk.courier().send_batch() == 1


async def test_a_party_reads_its_own_inbox_and_no_other(desk: Desk) -> None:
    await desk.arrive(submitted(1), submitted(2))
    shown = await inbox_of(school(desk, 1))
    [message] = shown["items"]
    assert (shown["unread"], shown["next"]) == (1, None)
    assert message["template"] == "application_submitted"
    assert message["programme_year"] == 2025
    assert message["occurred_at"] == "2025-02-01T03:00:00Z"
    assert message["subject"] == "신청이 접수되었습니다 (접수번호 2025-000123)"
    assert "한빛공업고등학교의 2025년 신청이" in message["body"]
    assert message["read_at"] is None
    assert (await inbox_of(school(desk, 3)))["items"] == []
    refused(
        await school(desk, 2).post(f"/inbox/{message['message']}/read"), 404, ("message", "message_not_found")
    )
    assert (await inbox_of(school(desk, 1)))["unread"] == 1


async def test_an_inbox_is_in_the_language_of_the_contact_or_the_one_asked_for(desk: Desk) -> None:
    await desk.arrive(submitted(1))
    subjects = []
    for language in (None, "en"):
        query = {"language": language} if language else {}
        subjects.append((await inbox_of(school(desk), **query))["items"][0]["subject"])
    await desk.has_contact("sch_1", language="en")
    subjects.append((await inbox_of(school(desk)))["items"][0]["subject"])
    assert subjects[0].startswith("신청이")
    assert subjects[1] == subjects[2] == "Your application was accepted (receipt 2025-000123)"


async def test_reading_a_message_counts_the_first_time(desk: Desk) -> None:
    await desk.arrive(submitted(1))
    staff = school(desk)
    [message] = (await inbox_of(staff))["items"]
    assert (await staff.post(f"/inbox/{message['message']}/read")).status_code == 204
    await desk.at(NOW + timedelta(hours=1))
    assert (await staff.post(f"/inbox/{message['message']}/read")).status_code == 204
    shown = await inbox_of(staff)
    assert (shown["unread"], shown["items"][0]["read_at"]) == (0, "2025-02-01T03:00:00Z")
    assert (await inbox_of(staff, unread=True))["items"] == []


async def test_a_mail_is_no_message_of_the_inbox(desk: Desk) -> None:
    await desk.arrive(submitted(1))
    [mail] = await desk.rows("select delivery from delivery where channel = 'mail'")
    answer = await school(desk).post(f"/inbox/{mail['delivery']}/read")
    refused(answer, 404, ("message", "message_not_found"))


async def test_an_inbox_is_paged_newest_first_without_loss_or_repeat(desk: Desk) -> None:
    for hour in range(7):
        await desk.arrive(
            *(submitted(1).model_copy(update={"application": f"app_{hour}_{n}"}) for n in range(3)),
            time=NOW - timedelta(hours=hour),
        )
    staff, seen, after = school(desk), [], None
    while True:
        page = await inbox_of(staff, limit=4, **({"after": after} if after else {}))
        assert len(page["items"]) <= 4
        seen += page["items"]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len({message["message"] for message in seen}) == page["unread"] == 21
    moments = [message["occurred_at"] for message in seen]
    assert moments == sorted(moments, reverse=True)


async def test_an_inbox_refuses_what_it_does_not_know(desk: Desk) -> None:
    for query in ({"limit": 0}, {"limit": 201}, {"language": "fr"}, {"recipient": "sch_2"}):
        assert (await school(desk).get("/inbox", **query)).status_code == 422, query


async def test_officers_share_the_inbox_of_their_office(desk: Desk) -> None:
    await desk.arrive(example(RunProposed))
    first, second = desk.caller("officer"), desk.caller("officer")
    [message] = (await inbox_of(first))["items"]
    assert message["template"] == "run_proposed"
    await first.post(f"/inbox/{message['message']}/read")
    assert (await inbox_of(second))["unread"] == 0
    await first.put("/contacts/me", CONTACT)
    assert [row["party"] for row in await desk.rows("select party from contact")] == [OFFICE]


async def test_a_reviewer_is_a_party_of_their_own(desk: Desk) -> None:
    await desk.arrive(example(ReviewerAssigned, reviewer="rev_1"))
    assert len((await inbox_of(desk.caller("reviewer", sub="rev_1")))["items"]) == 1
    assert (await inbox_of(desk.caller("reviewer", sub="rev_2")))["items"] == []


async def test_overseers_see_how_many_and_which_failed_but_neither_contents_nor_addresses(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.has_contact("sch_2", address="other.simulated@school.example")
    await desk.arrive(submitted(1), submitted(2), submitted(3))
    courier = desk.courier()
    claimed = await courier.claim()
    [first] = [one for one in claimed if one.receipt.recipient == "sch_1"]
    await courier.record(claimed, {first.receipt.delivery: Refused("smtp_550")})

    for role in ("officer", "auditor", "operator"):
        overseer = desk.caller(role)
        statistics = await overseer.get("/deliveries/statistics", programme_year=2025)
        counts = {(row["channel"], row["state"]): row["deliveries"] for row in done(statistics)}
        assert counts == {
            ("inbox", "delivered"): 3,
            ("mail", "due"): 1,
            ("mail", "failed"): 1,
            ("mail", "waiting"): 1,
        }
        failures = await overseer.get("/deliveries/failures")
        [failure] = done(failures)["items"]
        assert failure == {
            "delivery": first.receipt.delivery,
            "recipient": "sch_1",
            "programme_year": 2025,
            "template": "application_submitted",
            "channel": "mail",
            "attempt": 1,
            "reason": "smtp_550",
            "failed_at": "2025-02-01T03:00:00Z",
            "read_at": None,
        }
        for private in (ADDRESS, NAME, "2025-000123", "접수"):
            assert private not in statistics.text + failures.text
    assert done(await desk.caller("officer").get("/deliveries/statistics", programme_year=2024)) == []


async def test_failures_are_paged(desk: Desk) -> None:
    for n in range(5):
        await desk.has_contact(f"sch_{n}", address=f"simulated{n}@school.example")
    await desk.arrive(*(submitted(n) for n in range(5)))
    courier = desk.courier()
    claimed = await courier.claim()
    await courier.record(claimed, {one.receipt.delivery: Refused("smtp_550") for one in claimed})
    officer, seen, after = desk.caller("officer"), [], None
    for _ in range(3):
        page = done(await officer.get("/deliveries/failures", limit=2, **({"after": after} if after else {})))
        seen += [failure["recipient"] for failure in page["items"]]
        after = page["next"]
    assert after is None
    assert sorted(seen) == [f"sch_{n}" for n in range(5)]
