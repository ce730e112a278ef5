"""The signing key: made once, private, and verified by whoever has the public half."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chassis.signing import KeyUnusable, PublicKey, SigningKey


def test_a_key_is_made_at_first_start_and_is_the_same_ever_after(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "signing.pem"
    first = SigningKey.open(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert SigningKey.open(file).public.document() == first.public.document()
    assert [each.name for each in file.parent.iterdir()] == ["signing.pem"]


def test_processes_that_start_at_once_come_to_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as at_once:
        keys = list(at_once.map(lambda _: SigningKey.open(tmp_path / "signing.pem"), range(16)))
    assert len({key.public.kid for key in keys}) == 1


def test_a_signature_holds_for_its_bytes_and_its_key_alone(tmp_path: Path) -> None:
    key, other = SigningKey.open(tmp_path / "one.pem"), SigningKey.open(tmp_path / "two.pem")
    signature = key.sign(b"manifest")
    public = PublicKey.read(json.loads(json.dumps(key.public.document())))
    assert public.signed(b"manifest", signature)
    assert not public.signed(b"manifesto", signature)
    assert not public.signed(b"manifest", signature[:-1] + b"\x00")
    assert not public.signed(b"manifest", b"")
    assert not other.public.signed(b"manifest", signature)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "signing.pem"
    SigningKey.open(file)
    file.chmod(0o644)
    with pytest.raises(KeyUnusable, match="only its owner"):
        SigningKey.open(file)


def test_a_file_that_holds_no_key_of_ed25519_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "signing.pem"
    file.touch(mode=0o600)
    with pytest.raises(KeyUnusable, match="no private key"):
        SigningKey.open(file)
    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem)
    with pytest.raises(KeyUnusable, match="not of Ed25519"):
        SigningKey.open(file)


@pytest.mark.parametrize("document", [None, [], {}, {"crv": "P-256"}, {"crv": "Ed25519", "x": "AAAA"}])
def test_what_is_no_public_key_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        PublicKey.read(document)


def test_a_thumbprint_is_that_of_the_standards_example() -> None:
    # RFC 8037, appendix A.3
    document = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert PublicKey.read(document).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
