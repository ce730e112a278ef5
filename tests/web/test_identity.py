import base64
import hmac
import json
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends
from joserfc import jwk
from joserfc.jws import JWSRegistry
from tests.web.things import AUDIENCE, ISSUER, Issuer, Things, new_key

from chassis.refusals import NotAllowed, NotFound
from web import Principal, Role, Router, Tx, require
from web.identity import IdentityUnavailable, KeyFile, Unauthenticated, Verifier

CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "p",
    "iat": 1000,
    "exp": 2000,
    "roles": ["school"],
}
NOW = 1500.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def verifier(issuer: Issuer) -> Verifier:
    return Verifier(KeyFile(issuer.file), issuer=ISSUER, audience=AUDIENCE, clock=lambda: NOW)


def segment(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def rule_of(verifier: Verifier, token: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        verifier.verify(token)
    assert refused.value.status == 401
    return refused.value.rule


def test_a_good_token_gives_the_caller(verifier: Verifier, issuer: Issuer) -> None:
    token = issuer.sign(CLAIMS | {"party": "sch_9", "roles": ["school", "reviewer", "astronaut"]})
    assert verifier.verify(token) == Principal("p", frozenset({Role.SCHOOL, Role.REVIEWER}), "sch_9")


def test_an_audience_may_be_one_of_several(verifier: Verifier, issuer: Issuer) -> None:
    assert verifier.verify(issuer.sign(CLAIMS | {"aud": ["other", AUDIENCE]})).sub == "p"


@pytest.mark.parametrize("algorithm", ["Ed25519", "EdDSA", "RS256"])
def test_other_asymmetric_keys_sign_too(verifier: Verifier, issuer: Issuer, algorithm: str) -> None:
    key = (
        jwk.RSAKey.generate_key(2048, {"kid": "k"})
        if algorithm == "RS256"
        else jwk.OKPKey.generate_key("Ed25519", {"kid": "k"})
    )
    issuer.keys = [key]
    issuer.publish()
    assert verifier.verify(_sign(algorithm, CLAIMS, key)).sub == "p"


def _sign(algorithm: str, claims: dict[str, Any], key: Any) -> str:
    signing_input = f"{segment({'alg': algorithm, 'kid': key.kid})}.{segment(claims)}"
    signature = JWSRegistry.algorithms[algorithm].sign(signing_input.encode(), key)
    return f"{signing_input}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


@pytest.mark.parametrize(
    ("claims", "rule"),
    [
        ({"iss": "somebody"}, "token_iss"),
        ({"iss": None}, "token_iss"),
        ({"aud": "elsewhere"}, "token_aud"),
        ({"exp": NOW - 31}, "token_expired"),
        ({"exp": "2000"}, "token_exp"),
        ({"nbf": NOW + 31}, "token_nbf"),
        ({"iat": NOW + 31}, "token_iat"),
        ({"sub": ""}, "token_sub"),
        ({"sub": "김 하나"}, "token_sub"),
        ({"roles": "officer"}, "token_roles"),
        ({"party": ["sch_1"]}, "token_party"),
    ],
)
def test_claims_that_do_not_hold_are_refused_by_name(
    verifier: Verifier, issuer: Issuer, claims: dict[str, Any], rule: str
) -> None:
    assert rule_of(verifier, issuer.sign(CLAIMS | claims)) == rule


@pytest.mark.parametrize("missing", ["iss", "aud", "exp", "iat", "sub"])
def test_missing_claims_are_refused(verifier: Verifier, issuer: Issuer, missing: str) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != missing}
    assert rule_of(verifier, issuer.sign(claims)) == f"token_{missing}"


@pytest.mark.parametrize(("claim", "at"), [("exp", NOW - 29), ("nbf", NOW + 29), ("iat", NOW + 29)])
def test_clocks_may_differ_by_half_a_minute(
    verifier: Verifier, issuer: Issuer, claim: str, at: float
) -> None:
    assert verifier.verify(issuer.sign(CLAIMS | {claim: at})).sub == "p"


def test_an_unsigned_token_is_refused(verifier: Verifier) -> None:
    header = segment({"alg": "none", "kid": "first"})
    assert rule_of(verifier, f"{header}.{segment(CLAIMS)}.") == "token_algorithm"


def _pem(key: jwk.Key) -> bytes:
    assert isinstance(key, jwk.ECKey)
    return key.as_pem(private=False)


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
def test_the_public_key_is_no_shared_secret(verifier: Verifier, issuer: Issuer, algorithm: str) -> None:
    for secret in (_pem(issuer.keys[0]), issuer.file.read_bytes()):
        signing_input = f"{segment({'alg': algorithm, 'kid': 'first'})}.{segment(CLAIMS)}"
        signature = hmac.digest(secret, signing_input.encode(), algorithm.replace("HS", "sha"))
        token = f"{signing_input}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
        assert rule_of(verifier, token) == "token_algorithm"


def test_a_shared_secret_in_the_key_file_is_passed_over(issuer: Issuer, verifier: Verifier) -> None:
    secret = jwk.OctKey.generate_key(256, {"kid": "secret"})
    issuer.file.write_text(
        json.dumps({"keys": [secret.as_dict(private=True), issuer.keys[0].as_dict(private=False)]})
    )
    assert rule_of(verifier, _sign("HS256", CLAIMS, secret)) == "token_key_unknown"


def test_a_key_signs_with_its_own_algorithm_alone(verifier: Verifier) -> None:
    other = jwk.RSAKey.generate_key(2048, {"kid": "first"})
    assert rule_of(verifier, _sign("RS256", CLAIMS, other)) == "token_algorithm"


def test_a_key_of_somebody_else_is_refused(verifier: Verifier) -> None:
    assert rule_of(verifier, _sign("ES256", CLAIMS, new_key("first"))) == "token_signature"


@pytest.mark.parametrize(
    "header",
    [
        {"jku": "https://attacker.example/keys"},
        {"jwk": new_key("first").as_dict(private=False)},
        {"x5u": "https://attacker.example/cert"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"typ": "JWE"},
        {"kid": None},
        {"kid": ["first"]},
    ],
)
def test_headers_that_bring_keys_or_rules_along_are_refused(
    verifier: Verifier, issuer: Issuer, header: dict[str, Any]
) -> None:
    told = {"alg": "ES256", "kid": "first"} | header
    signing_input = f"{segment({k: v for k, v in told.items() if v is not None})}.{segment(CLAIMS)}"
    signature = JWSRegistry.algorithms["ES256"].sign(signing_input.encode(), issuer.keys[0])
    token = f"{signing_input}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
    assert rule_of(verifier, token).startswith("token_")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b.c",
        "....",
        "é.é.é",
        segment([]) + ".e30.",
        segment("x") + ".e30.",
        "e30.e30.e30",
        "x" * 300_000,
    ],
)
def test_what_is_no_token_is_refused(verifier: Verifier, token: str) -> None:
    assert rule_of(verifier, token) in {"token_malformed", "token_key_missing"}


def test_claims_that_are_no_object_are_refused(verifier: Verifier, issuer: Issuer) -> None:
    assert rule_of(verifier, _sign("ES256", [1], issuer.keys[0])) == "token_malformed"  # type: ignore[arg-type]  # the point


def test_a_new_key_is_found_and_a_withdrawn_one_is_not(issuer: Issuer) -> None:
    clock = Clock()
    verifier = Verifier(KeyFile(issuer.file, clock), issuer=ISSUER, audience=AUDIENCE, clock=lambda: NOW)
    old = issuer.sign(CLAIMS)
    verifier.verify(old)
    issuer.keys = [new_key("second")]
    issuer.publish()
    new = issuer.sign(CLAIMS)
    clock.now += 0.5
    assert rule_of(verifier, new) == "token_key_unknown", "looked at too soon after the last time"
    clock.now += 0.6
    assert verifier.verify(new).sub == "p"
    assert rule_of(verifier, old) == "token_key_unknown"


def test_unknown_keys_do_not_make_it_read_the_file_all_the_time(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    keys = KeyFile(issuer.file, clock)
    looks = 0
    stat = Path.stat

    def counted(path: Path, **options: Any) -> Any:
        nonlocal looks
        looks += path == issuer.file
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", counted)
    for _ in range(100):
        clock.now += 0.05
        with pytest.raises(Unauthenticated):
            keys.find("nobody's")
    assert looks <= 6


def test_a_broken_key_file_leaves_the_keys_that_were_known(issuer: Issuer) -> None:
    clock = Clock()
    keys = KeyFile(issuer.file, clock)
    keys.find("first")
    issuer.file.write_text("{")
    clock.now += 60
    keys.find("first")


def test_without_any_keys_nobody_is_refused_as_a_stranger(tmp_path: Path) -> None:
    with pytest.raises(IdentityUnavailable):
        KeyFile(tmp_path / "absent.json").find("first")


def test_weak_keys_are_passed_over(issuer: Issuer) -> None:
    issuer.keys = [
        jwk.ECKey.generate_key("P-384", {"kid": "wide"}),
        jwk.OKPKey.generate_key("X25519", {"kid": "x"}),
    ]
    issuer.publish()
    with pytest.raises(IdentityUnavailable):
        KeyFile(issuer.file).find("wide")


async def test_a_request_without_a_token_is_asked_for_one(edge: httpx2.AsyncClient) -> None:
    answer = await edge.get("/state")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="ieum"'
    [error] = answer.json()["errors"]
    assert (error["field"], error["rule"]) == ("header.Authorization", "token_missing")


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer ", "bearer  x.y.z", "x"])
async def test_a_request_with_a_bad_token_is_told_so(edge: httpx2.AsyncClient, header: str) -> None:
    answer = await edge.get("/state", headers={"Authorization": header})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert [error["field"] for error in answer.json()["errors"]] == ["header.Authorization"]
    assert header.rsplit(maxsplit=1)[-1] + '"' not in answer.text


async def test_two_tokens_are_none(edge: httpx2.AsyncClient, issuer: Issuer) -> None:
    bearer = ("Authorization", f"Bearer {issuer.token()}")
    answer = await edge.get("/state", headers=[bearer, bearer])
    assert answer.status_code == 401


async def test_no_keys_to_verify_with_is_the_services_trouble(
    edge: httpx2.AsyncClient, issuer: Issuer
) -> None:
    issuer.file.unlink()
    answer = await edge.get("/state", headers={"Authorization": f"Bearer {issuer.token()}"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SCHOOL])
async def test_another_role_is_refused_before_anything_is_done(
    edge: httpx2.AsyncClient, issuer: Issuer, role: Role
) -> None:
    headers = {"Authorization": f"Bearer {issuer.token(role)}", "Idempotency-Key": "k"}
    answer = await edge.post("/things", json={"name": "a"}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["errors"] == [
        {
            "field": "token.roles",
            "rule": "role_missing",
            "message": "The token's roles must have one of: school",
        }
    ]


async def test_one_of_several_roles_is_enough(things: Things) -> None:
    made = (await things.post("/things", {"name": "a"})).json()["id"]
    for roles, party in ((["school"], "sch_1"), (["officer"], None), (["auditor", "officer"], None)):
        answer = await things.client.get(f"/things/{made}", headers=things.headers(*roles, party=party))
        assert answer.status_code == 200


async def test_anothers_thing_is_not_there(things: Things) -> None:
    made = (await things.post("/things", {"name": "a"})).json()["id"]
    other = await things.client.get(f"/things/{made}", headers=things.headers("school", party="sch_2"))
    absent = await things.client.get(f"/things/{made + 1}", headers=things.headers("school", party="sch_2"))
    assert other.status_code == absent.status_code == 404
    assert {**other.json(), "instance": ""} == {**absent.json(), "instance": ""}


async def test_anothers_thing_cannot_be_changed(things: Things) -> None:
    made = (await things.post("/things", {"name": "a"})).json()["id"]
    answer = await things.client.put(
        f"/things/{made}", json={"name": "b"}, headers=things.headers(party="sch_2")
    )
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["rule"]) == (403, "token.party", "not_your_own")
    assert await things.names() == ["a"]


def test_a_party_is_the_owner_or_exempt_by_role() -> None:
    school = Principal("p", frozenset({Role.SCHOOL}), "sch_1")
    officer = Principal("o", frozenset({Role.OFFICER}), None)
    school.must_be("sch_1")
    officer.must_be("sch_1", Role.OFFICER)
    with pytest.raises(NotAllowed):
        officer.must_be("sch_1")
    with pytest.raises(NotFound):
        school.must_be("sch_2", otherwise=NotFound("x_not_found", "There is no such x: x"))


def test_a_route_that_does_not_say_who_may_call_it_cannot_be_written() -> None:
    router = Router()

    async def open_to_all(tx: Tx) -> None: ...

    with pytest.raises(TypeError, match="who may call it"):
        router.post("/open")(open_to_all)


def test_a_dependency_that_would_take_a_thread_for_each_call_cannot_be_written() -> None:
    router = Router()

    def own(caller: Annotated[Principal, Depends(require())]) -> str:
        return caller.acts_for()

    async def to_a_thread(party: Annotated[str, Depends(own)], tx: Tx) -> None: ...

    with pytest.raises(TypeError, match="/own: own must be async"):
        router.post("/own")(to_a_thread)
