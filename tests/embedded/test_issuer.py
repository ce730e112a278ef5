"""Tokens of the development issuer hold at the services' edge."""

import json
import stat
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import ExpiredTokenError
from joserfc.jwk import KeySet

from embedded.issuer import AUDIENCE, ISSUER, Issuer


def verified(issuer: Issuer, token: str) -> jwt.Token:
    keys = KeySet.import_key_set(json.loads(issuer.keys.read_text()))
    return jwt.decode(token, keys, algorithms=["ES256"])


def test_a_token_is_verified_by_the_public_keys_and_says_who_asks(tmp_path: Path) -> None:
    issuer = Issuer.open(tmp_path)
    token = verified(issuer, issuer.token("somebody", ["officer", "auditor", "officer"], "agy_1"))
    assert token.header["alg"] == "ES256"
    expected = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "somebody",
        "roles": ["auditor", "officer"],
        "party": "agy_1",
    }
    assert expected.items() <= token.claims.items()
    assert token.claims["nbf"] == token.claims["iat"] < token.claims["exp"]


def test_a_token_without_a_party_names_none(tmp_path: Path) -> None:
    issuer = Issuer.open(tmp_path)
    assert "party" not in verified(issuer, issuer.token("somebody", ["officer"])).claims


def test_an_expired_token_can_be_made_for_tests(tmp_path: Path) -> None:
    issuer = Issuer.open(tmp_path)
    token = verified(issuer, issuer.token("somebody", ["officer"], lifetime=-60))
    with pytest.raises(ExpiredTokenError):
        jwt.JWTClaimsRegistry().validate(token.claims)


def test_the_key_is_made_once_and_is_its_owners_secret(tmp_path: Path) -> None:
    token = Issuer.open(tmp_path).token("somebody", ["officer"])
    assert verified(Issuer.open(tmp_path), token).claims["sub"] == "somebody"
    assert stat.S_IMODE((tmp_path / "key.json").stat().st_mode) == 0o600
    assert '"d"' not in (tmp_path / "jwks.json").read_text()
