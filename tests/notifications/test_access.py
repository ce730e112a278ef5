"""Who may ask what: every route for every role, and others' contact and messages for nobody."""

from typing import Any, Final

from tests.asking import done, refused
from tests.notifications.desk import ADDRESS, NAME, Desk
from tests.notifications.test_telling import submitted

from web import Role

CONTACT: Final = {"name": NAME, "address": ADDRESS, "language": "ko"}
ANYONE: Final = {role.value for role in Role}
OVERSEER: Final = {"officer", "auditor", "operator"}
ROUTES: Final[dict[str, tuple[set[str], Any]]] = {
    "PUT /contacts/me": (ANYONE, CONTACT),
    "GET /contacts/me": (ANYONE, None),
    "DELETE /contacts/me": (ANYONE, None),
    "GET /contacts/me/accesses": (ANYONE, None),
    "GET /inbox": (ANYONE, None),
    "POST /inbox/{message}/read": (ANYONE, None),
    "GET /deliveries/statistics": (OVERSEER, None),
    "GET /deliveries/failures": (OVERSEER, None),
    "GET /audit": ({"auditor"}, None),
    "GET /audit/head": ({"auditor"}, None),
    "GET /audit/heads": ({"auditor"}, None),
}
STATE: Final = """
select 'contact' as what, party as name, state from (select party, address::text as state from contact) c
union all select 'delivery', delivery, state || coalesce(read_at::text, '') from delivery
union all select 'audit', id::text, action from messaging.audit order by 1, 2
"""


def parts(route: str) -> tuple[str, str]:
    method, path = route.split(" ", 1)
    return method, path.replace("{message}", "dlv_1")


async def test_every_route_of_the_service_stands_in_the_matrix(desk: Desk) -> None:
    document = done(await desk.client.get("/openapi.json"))
    routes = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert routes == set(ROUTES)


async def test_each_route_answers_the_roles_it_is_for_and_no_other(desk: Desk) -> None:
    before = await desk.rows(STATE)
    asked = [(route, role, role in roles, body) for route, (roles, body) in ROUTES.items() for role in ANYONE]
    for route, role, allowed, body in sorted(asked, key=lambda each: each[2]):
        answer = await desk.caller(role, party="sch_1").request(*parts(route), body)
        if allowed:
            assert answer.status_code not in {401, 403, 405, 422, 500}, (role, route, answer.text)
        else:
            refused(answer, 403, ("token.roles", "role_missing"))
            assert await desk.rows(STATE) == before


async def test_without_a_token_each_route_answers_401(desk: Desk) -> None:
    before = await desk.rows(STATE)
    for route, (_, body) in ROUTES.items():
        method, path = parts(route)
        answer = await desk.client.request(method, path, json=body, headers={"Idempotency-Key": "nobody"})
        refused(answer, 401, ("header.Authorization", "token_missing"))
    assert await desk.rows(STATE) == before


async def test_who_acts_for_nobody_has_neither_contact_nor_inbox(desk: Desk) -> None:
    before = await desk.rows(STATE)
    own = [(route, body) for route, (roles, body) in ROUTES.items() if roles == ANYONE]
    for role in sorted(ANYONE - {"officer", "reviewer"}):
        for route, body in own:
            answer = await desk.caller(role, sub="sch_1").request(*parts(route), body)
            refused(answer, 403, ("token.party", "party_missing"))
    assert await desk.rows(STATE) == before


async def test_what_belongs_to_others_is_neither_shown_nor_touched(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.arrive(submitted(1))
    [message] = done(await desk.caller("school", party="sch_1").get("/inbox"))["items"]
    before = await desk.rows(STATE)
    for stranger in (
        desk.caller("school", party="sch_2"),
        desk.caller("company", party="cmp_1"),
        desk.caller("officer"),
        desk.caller("reviewer", sub="rev_1"),
        desk.caller("auditor", "operator", party="office:audit"),
    ):
        refused(await stranger.get("/contacts/me"), 404, (None, "contact_not_found"))
        refused(await stranger.delete("/contacts/me"), 404, (None, "contact_not_found"))
        assert done(await stranger.get("/contacts/me/accesses"))["items"] == []
        assert done(await stranger.get("/inbox"))["items"] == []
        answer = await stranger.post(f"/inbox/{message['message']}/read")
        refused(answer, 404, ("message", "message_not_found"))
    assert await desk.rows(STATE) == before
