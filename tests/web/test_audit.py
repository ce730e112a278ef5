"""Auditors read the log over HTTP; nobody else does, and nobody writes it."""

from tests.web.things import Things

from chassis import audit
from chassis.sealing import Sealer
from chassis.transaction import Command, begin


async def written(things: Things, *subjects: str) -> None:
    for subject in subjects:
        async with begin(things.pool, Command(actor="officer-1")) as tx:
            await audit.record(tx, "thing_done", subject, reason="because", detail={"n": 1})


async def test_an_auditor_reads_rows_with_their_place_in_the_chain(things: Things) -> None:
    await written(things, "a", "b")
    await Sealer(things.pool, "notifications").seal()
    await written(things, "c")
    rows = (await things.client.get("/audit", headers=things.headers("auditor"))).json()
    assert [(row["subject"], row["position"]) for row in rows] == [("a", 1), ("b", 2), ("c", None)]
    assert rows[0]["detail"] == {"n": 1}
    head = (await things.client.get("/audit/head", headers=things.headers("auditor"))).json()
    assert head == {"position": 2, "head": rows[1]["head"]}


async def test_rows_are_found_by_subject_and_read_on_from_the_last(things: Things) -> None:
    await written(things, "a", "b", "a")
    headers = things.headers("auditor")
    found = (await things.client.get("/audit?subject=a", headers=headers)).json()
    assert [row["subject"] for row in found] == ["a", "a"]
    onward = (await things.client.get(f"/audit?after={found[0]['id']}&limit=1", headers=headers)).json()
    assert [row["subject"] for row in onward] == ["b"]
    assert (await things.client.get("/audit?actor=nobody", headers=headers)).json() == []


async def test_an_empty_log_has_no_head(things: Things) -> None:
    headers = things.headers("auditor")
    assert (await things.client.get("/audit/head", headers=headers)).json() is None
    assert (await things.client.get("/audit/heads?of=evaluation", headers=headers)).json() == []


async def test_only_auditors_read_the_log(things: Things) -> None:
    for role in ("officer", "school", "company", "student", "reviewer", "agency", "operator"):
        for path in ("/audit", "/audit/head", "/audit/heads"):
            assert (await things.client.get(path, headers=things.headers(role))).status_code == 403


async def test_the_log_has_no_other_verb(things: Things) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await things.client.request(method, "/audit", headers=things.headers("auditor", key="k"))
        assert answer.status_code == 405
