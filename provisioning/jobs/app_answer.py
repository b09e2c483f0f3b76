"""The answer that carries a seed to the app: JWE to the app's key, described and authenticated around it (R22)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from provisioning.errors import BadInput, InputFault
from provisioning.rules.app_proof import AppKey, Delivery, Setting, from_base64url, to_base64url
from provisioning.rules.institution import Institution
from provisioning.rules.parameters import OtpParameters


@dataclass(frozen=True, slots=True)
class AppAnswer:
    """What `complete` answers, but for the time. `mac` is base64url of 32 bytes."""

    setting: Setting
    delivery: Delivery
    mac: str = field(repr=False)

    def to_bytes(self) -> bytes:
        """For keeping until the app has surely got it."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, kept: bytes) -> AppAnswer:
        """What `to_bytes` made."""
        parts = json.loads(kept)
        return cls(Setting(**parts["setting"]), Delivery(**parts["delivery"]), parts["mac"])


def check_app_key(app_key: AppKey) -> None:
    """Raises BadInput unless the coordinates are canonical and the point is on P-256."""
    try:
        sizes = {len(from_base64url(coordinate)) for coordinate in (app_key.x, app_key.y)}
        _public_key(app_key).get_op_key("deriveKey")
    except (ValueError, JoseError):
        raise BadInput("app_key", InputFault.BAD_FORM) from None
    if sizes != {32}:
        raise BadInput("app_key", InputFault.BAD_FORM)


def make_delivery(institution: Institution, otp: OtpParameters, *, ticket_id: str, seed_jwe: str) -> Delivery:
    """What the app is told about the seed it gets."""
    return Delivery(
        ticket=ticket_id,
        institution_ja=institution.name.ja,
        institution_en=institution.name.en,
        otp_type=otp.otp_type.value,
        algorithm=otp.algorithm.value,
        digits=otp.digits,
        period_s=otp.period_s,
        seed_jwe=seed_jwe,
    )


def encrypt_seed(seed: bytes, setting: Setting, app_key: AppKey) -> str:
    """Compact JWE (RFC 7516), ECDH-ES with A256GCM; IDs and nonces are bound in through the Concat KDF."""
    header = {
        "alg": "ECDH-ES",
        "enc": "A256GCM",
        "apu": to_base64url(f"{setting.service_id}/{setting.user_id}".encode()),
        "apv": to_base64url(from_base64url(setting.nonce) + from_base64url(setting.app_nonce)),
    }
    return jwe.encrypt_compact(header, seed, _public_key(app_key))


def _public_key(app_key: AppKey) -> ECKey:
    return ECKey.import_key({**app_key.jwk()})
