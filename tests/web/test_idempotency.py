import asyncio
import json
from typing import Any

import asyncpg
import httpx2
import pytest
from starlette.requests import Request
from tests.web.things import Issuer, Things

from chassis.transaction import Command, begin
from web import idempotency


async def records(things: Things) -> int:
    async with begin(things.pool, Command("test")) as tx:
        count: int = await tx.fetchval("select count(*) from web.idempotency")
        return count


async def test_the_same_request_gets_the_same_answer_and_one_effect(things: Things) -> None:
    first = await things.post("/things", {"name": "a"}, key="k")
    again = await things.post("/things", {"name": "a"}, key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert await things.names() == ["a"]


async def test_an_answer_without_a_body_is_given_again_too(things: Things) -> None:
    made = (await things.post("/things", {"name": "a"})).json()["id"]
    for _ in range(2):
        answer = await things.client.delete(f"/things/{made}", headers=things.headers(key="k"))
        assert (answer.status_code, answer.content) == (204, b"")


async def test_another_body_under_the_same_key_is_refused(things: Things) -> None:
    await things.post("/things", {"name": "a"}, key="k")
    answer = await things.post("/things", {"name": "b"}, key="k")
    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {
        "field": "header.Idempotency-Key",
        "rule": "idempotency_key_reused",
        "message": "The Idempotency-Key was used for another request; a new request needs a new key",
    }
    assert await things.names() == ["a"]


async def test_another_thing_under_the_same_key_is_refused(things: Things) -> None:
    one, other = [(await things.post("/things", {"name": "a"})).json()["id"] for _ in range(2)]
    body = {"name": "b"}
    await things.client.put(f"/things/{one}", json=body, headers=things.headers(key="k"))
    answer = await things.client.put(f"/things/{other}", json=body, headers=things.headers(key="k"))
    assert answer.status_code == 422
    assert await things.names() == ["b", "a"]


async def test_keys_of_different_callers_do_not_meet(things: Things) -> None:
    for sub in ("person-1", "person-2"):
        answer = await things.post("/things", {"name": sub}, key="k", sub=sub)
        assert answer.status_code == 201
    assert await things.names() == ["person-1", "person-2"]


async def test_nobody_who_acts_for_two_parties_gets_the_answer_of_one_for_the_other(things: Things) -> None:
    await things.post("/things", {"name": "a"}, key="k", party="sch_1")
    answer = await things.post("/things", {"name": "a"}, key="k", party="sch_2")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["rule"] == "idempotency_key_reused"


async def test_keys_of_different_operations_do_not_meet(things: Things) -> None:
    made = (await things.post("/things", {"name": "a"}, key="k")).json()["id"]
    answer = await things.client.put(f"/things/{made}", json={"name": "b"}, headers=things.headers(key="k"))
    assert (answer.status_code, answer.json()["name"]) == (200, "b")


@pytest.mark.parametrize("keys", [[], [""], ["has space"], ["한글".encode()], ["k" * 201], ["one", "two"]])
async def test_a_missing_or_unusable_key_is_refused_by_name(
    edge: httpx2.AsyncClient, issuer: Issuer, keys: list[Any]
) -> None:
    headers = [("Authorization", f"Bearer {issuer.token()}")]
    answer = await edge.post(
        "/things", json={"name": "a"}, headers=[*headers, *(("Idempotency-Key", key) for key in keys)]
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "header.Idempotency-Key"
    assert answer.json()["errors"][0]["rule"] == "idempotency_key_missing"


async def test_reading_needs_no_key(things: Things) -> None:
    answer = await things.client.get("/state", headers={"Authorization": things.headers()["Authorization"]})
    assert answer.json() == {"read_only": "on", "sub": "person-1"}


async def test_many_at_once_under_one_key_have_one_effect(things: Things) -> None:
    answers = await asyncio.gather(
        *(things.post("/things", {"name": "a", "slow": 0.3}, key="k") for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 7
    assert await things.names() == ["a"]


async def test_the_second_of_two_does_the_work_when_the_first_fails(things: Things) -> None:
    slow = asyncio.create_task(things.post("/refused", {"name": "a", "slow": 0.3}, key="k"))
    await asyncio.sleep(0.1)
    second = await things.post("/refused", {"name": "a", "slow": 0.3}, key="k")
    assert ((await slow).status_code, second.status_code) == (409, 409)
    assert "idempotent-replayed" not in second.headers
    assert await records(things) == 0


@pytest.mark.parametrize(
    ("path", "name", "status"),
    [
        ("/refused", "x", 409),
        ("/refused", "several", 422),
        ("/refused", "returned", 409),
        ("/broken", "x", 500),
    ],
)
async def test_a_failed_command_leaves_nothing_and_its_key_may_be_used_again(
    things: Things, path: str, name: str, status: int
) -> None:
    assert (await things.post(path, {"name": name}, key="k")).status_code == status
    assert (await things.names(), await records(things)) == ([], 0)
    assert (await things.post(path, {"name": "another"}, key="k")).status_code in (409, 500)
    assert await records(things) == 0


async def test_an_invalid_body_leaves_its_key_free(things: Things) -> None:
    assert (await things.post("/things", {"nam": "a"}, key="k")).status_code == 422
    assert (await things.post("/things", {"name": "a"}, key="k")).status_code == 201


async def test_a_replay_is_for_those_who_still_have_the_role(things: Things) -> None:
    await things.post("/things", {"name": "a"}, key="k")
    headers = things.headers("auditor", key="k")
    answer = await things.client.post("/things", json={"name": "a"}, headers=headers)
    assert answer.status_code == 403


async def test_a_file_sent_again_under_another_boundary_is_the_same_request(things: Things) -> None:
    answers = [
        await things.client.post(
            "/files",
            files={"file": ("plan.txt", content)},
            data={"title": "t"},
            headers={**things.headers(key="k"), "Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        for boundary, content in (("aaaa", b"plan"), ("bbbb", b"plan"), ("cccc", b"PLAN"))
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 422]
    assert answers[0].content == answers[1].content
    assert await things.names() == ["t:plan.txt:4"]


def test_parts_cannot_be_shifted_into_each_other() -> None:
    bodies = [b"--x\r\n\r\na--x\r\n\r\nb--x--", b"--x\r\n\r\na\r\n\r\nb--x--x--"]

    def request() -> Request:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/files",
            "query_string": b"",
            "headers": [(b"content-type", b"multipart/form-data; boundary=x")],
            "server": ("things", 80),
        }
        return Request(scope)

    assert len({idempotency.fingerprint(request(), body) for body in bodies}) == 2


async def test_the_record_holds_a_hash_and_no_request(things: Things) -> None:
    await things.post("/things", {"name": "홍길동-secret"}, key="k")
    async with begin(things.pool, Command("test")) as tx:
        row = await tx.fetchrow("select * from web.idempotency")
    assert row is not None
    assert (row["actor"], row["operation"], row["key"], row["status"]) == (
        "person-1",
        "POST /things",
        "k",
        201,
    )
    assert len(row["request"]) == 32
    assert json.loads(row["answer"])["name"] == "홍길동-secret"
    assert "authorization" not in row["headers"].lower()


async def test_old_records_expire_and_young_ones_stay(things: Things) -> None:
    for name in ("old", "young"):
        await things.post("/things", {"name": name}, key=name)
    owner = await asyncpg.connect(things.database.owner_url)
    await owner.execute(
        "update web.idempotency set answered_at = now() - interval '4 days' where key = 'old'"
    )
    await owner.close()
    async with begin(things.pool, Command("web")) as tx:
        assert await idempotency.expire(tx) == 1
    assert (await things.post("/things", {"name": "old"}, key="old")).status_code == 201
    assert "idempotent-replayed" in (await things.post("/things", {"name": "young"}, key="young")).headers
    assert await things.names() == ["old", "young", "old"]


async def test_the_sweep_expires_records_until_the_service_stops(things: Things) -> None:
    class Running:
        pool = things.pool
        stopping = asyncio.Event()

    await things.post("/things", {"name": "old"})
    owner = await asyncpg.connect(things.database.owner_url)
    await owner.execute("update web.idempotency set answered_at = now() - interval '4 days'")
    await owner.close()
    sweeping = asyncio.create_task(idempotency.sweep(Running()))
    for _ in range(100):
        if not await records(things):
            break
        await asyncio.sleep(0.05)
    assert await records(things) == 0
    Running.stopping.set()
    await asyncio.wait_for(sweeping, 5)
