"""The test vectors of docs/app-protocol.md, against the server's arithmetic and the independent client's."""

from __future__ import annotations

import hmac
import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwe
from joserfc.jwk import ECKey

from provisioning.rules import app_proof
from provisioning.rules.app_proof import AppKey, Delivery, Setting
from tests.soft import independent_client as independent

DOCUMENT = Path(__file__).parents[2] / "docs" / "app-protocol.md"


@pytest.fixture(scope="module")
def vector() -> dict[str, Any]:
    found = re.search(r"## Test vectors.*?```json\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    parts: dict[str, Any] = json.loads(found.group(1))
    return parts


def private_key(d: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(independent.unb64(d), "big"), ec.SECP256R1())


def setting_of(vector: dict[str, Any]) -> Setting:
    request = vector["request"]
    names = ("origin", "service_id", "user_id", "nonce", "app_nonce")
    return Setting(*[request[name] for name in names] + [vector["app_key_thumbprint"]])


def delivery_of(answer: dict[str, Any]) -> Delivery:
    otp, names = answer["otp"], answer["institution"]
    facts = (otp["type"], otp["algorithm"], otp["digits"], otp["period_s"], answer["seed_jwe"])
    return Delivery(answer["ticket"], names["ja"], names["en"], *facts)


def test_the_server_computes_them(vector: dict[str, Any]) -> None:
    key = app_proof.password_key(
        vector["activation_password"], app_proof.from_base64url(vector["salt"]), vector["iterations"]
    )
    assert key.hex() == vector["password_key"]
    with_code = app_proof.password_key(
        vector["activation_password"],
        app_proof.from_base64url(vector["salt"]),
        vector["iterations"],
        vector["setup_code"],
    )
    assert with_code.hex() == vector["password_key_with_setup_code"]
    jwk = vector["app_key"]
    assert AppKey(jwk["x"], jwk["y"]).thumbprint() == vector["app_key_thumbprint"]
    setting, answer = setting_of(vector), vector["answer"]
    assert app_proof.to_base64url(app_proof.proof_mac(key, setting)) == vector["request"]["mac"]
    assert app_proof.to_base64url(app_proof.answer_mac(key, setting, delivery_of(answer))) == answer["mac"]
    app_key = ECKey.import_key(jwk | {"d": vector["app_private_key_d"]})
    assert jwe.decrypt_compact(answer["seed_jwe"], app_key).plaintext == bytes.fromhex(vector["seed"])


def test_the_independent_client_computes_them(vector: dict[str, Any]) -> None:
    key = independent.password_key(
        vector["activation_password"], independent.unb64(vector["salt"]), vector["iterations"]
    )
    assert key.hex() == vector["password_key"]
    with_code = independent.password_key(
        vector["activation_password"], independent.unb64(vector["salt"]), vector["iterations"], "7kq4m x2b9t"
    )
    assert with_code.hex() == vector["password_key_with_setup_code"]
    to_server, to_app = (independent.direction_key(key, i) for i in (independent.TO_SERVER, independent.TO_APP))
    assert (to_server.hex(), to_app.hex()) == (vector["key_app_to_server"], vector["key_server_to_app"])
    own, print_ = private_key(vector["app_private_key_d"]), vector["app_key_thumbprint"]
    assert independent.jwk_of(own) == vector["app_key"]
    assert independent.thumbprint(vector["app_key"]) == print_
    request, answer = vector["request"], vector["answer"]
    proof = independent.proof_input(request["origin"], request, print_)
    assert proof.hex() == vector["proof_input"]
    assert independent.b64(hmac.digest(to_server, proof, "sha256")) == request["mac"]
    covered = independent.answer_input(request["origin"], answer, print_)
    assert sha256(covered).hexdigest() == vector["answer_input_sha256"]
    assert independent.b64(hmac.digest(to_app, covered, "sha256")) == answer["mac"]


def test_the_seed_comes_out_step_by_step(vector: dict[str, Any]) -> None:
    own, ephemeral = (private_key(vector[name]) for name in ("app_private_key_d", "ephemeral_private_key_d"))
    shared = own.exchange(ec.ECDH(), ephemeral.public_key())
    assert shared.hex() == vector["ecdh_shared_secret"]
    header = json.loads(independent.unb64(vector["answer"]["seed_jwe"].split(".")[0]))
    assert independent.concat_kdf(shared, header).hex() == vector["content_encryption_key"]
    info = bytes.fromhex(vector["concat_kdf_other_info"])
    assert sha256(b"\x00\x00\x00\x01" + shared + info).hexdigest() == vector["content_encryption_key"]
    seed = independent.open_jwe(vector["answer"]["seed_jwe"], own)
    assert seed.hex() == vector["seed"]
    token = independent.Token(seed, "sha1", 8, 60, {})
    assert token.code(datetime(2026, 11, 20, 3, 0, tzinfo=UTC)) == vector["code_at_2026_11_20T03_00_00Z"]


@pytest.mark.parametrize("text", ["AA=", "AB", "A", "AA+A", "AA/A", "A A", "あ"])
def test_only_the_canonical_form_is_base64url(text: str) -> None:
    assert app_proof.from_base64url("AA") == b"\x00"
    with pytest.raises(ValueError, match="base64url"):
        app_proof.from_base64url(text)
