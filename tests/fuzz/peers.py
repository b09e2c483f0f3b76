"""What browsers answer of passkeys, and what the server's own roles tell each other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from provisioning.errors import NotAuthentic, PasskeyFault
from provisioning.jobs import passkey_assertion, passkey_registration
from provisioning.jobs.passkey_assertion import AssertionClaim
from provisioning.jobs.passkey_registration import RegistrationClaim
from provisioning.rules.approval import ApprovalPayload
from provisioning.rules.passkeys import ChallengePurpose, ChallengeUse
from provisioning.rules.roles import Role
from provisioning.services import Services
from provisioning.settings import ServerSettings
from provisioning.verifier import messages
from provisioning.verifier.certificates import certify_roles, make_authority
from provisioning.verifier.messages import MessageInvalid
from provisioning.verifier.role_tokens import RoleAuthority, RoleTokens
from tests.fixtures.services import ORIGIN

Run = Callable[[bytes], None]
CHALLENGE: Final = bytes(range(32))
SIGNED_AT: Final = datetime(2026, 11, 20, 3, tzinfo=UTC)
KINDS: Final = (
    messages.JudgeRequest, messages.Judgement, messages.AdoptRequest, messages.Adoption, messages.ReadyRequest,
    messages.ReadyAnswer, messages.AccessCodeRequest, messages.AccessCodeAnswer,
)  # fmt: skip
_READ: Final[dict[type[Any], Callable[[Any], object]]] = {
    messages.JudgeRequest: lambda told: messages.read_codes(told.codes, 1),
    messages.Judgement: messages.read_judgement,
    messages.Adoption: lambda told: (messages.read_judgement(told), messages.read_sealed(told)),
    messages.ReadyRequest: messages.read_sealed,
    messages.AccessCodeRequest: messages.read_device,
    messages.AccessCodeAnswer: messages.read_access_code,
}


def passkey(_folder: Path) -> Run:
    """The first byte says whether one was made or one has signed; nothing here is signed by a key that we know."""
    server = ServerSettings(base_url=ORIGIN)
    services = cast(Services, SimpleNamespace(settings=SimpleNamespace(server=server)))
    use = ChallengeUse(ChallengePurpose.SIGN_IN, None)

    def run(data: bytes) -> None:
        made, response = data[:1] < b"\x80", data[1:].decode(errors="replace")
        if made:
            claim = RegistrationClaim("0" * 32, CHALLENGE, response, "key")
            told = passkey_registration._read(services, claim)
            assert isinstance(told, PasskeyFault) or told.verified.credential_id
            return
        credential = passkey_assertion._parsed(response)
        if credential is not None:
            key: Any = SimpleNamespace(public_key=bytes(77))
            used = passkey_assertion._Used(credential, key, None)
            assertion = AssertionClaim(use, CHALLENGE, response)
            assert isinstance(passkey_assertion._verify(services, assertion, used), PasskeyFault)

    return run


def approval_payload(_folder: Path) -> Run:
    """The words that an approver signs, as the database gives them back."""

    def run(data: bytes) -> None:
        with suppress(ValueError):
            assert ApprovalPayload.decode(data).encode() == data

    return run


def role_token(folder: Path) -> Run:
    """The header by which a role says who it is. `CERT` and `SIGN` stand for what is right, anew each time."""
    authority, revoked = make_authority(SIGNED_AT), folder / "revoked"
    revoked.write_text("", encoding="ascii")
    good = RoleTokens(certify_roles(authority, "bank", {Role.BANK}, SIGNED_AT)).header(SIGNED_AT)
    certificate, _, signature = good.rpartition(" ")[2].split(".")
    believed = RoleAuthority(authority.certificate, revoked)

    def run(data: bytes) -> None:
        header = data.decode("latin-1").replace("CERT", certificate).replace("SIGN", signature)
        with suppress(NotAuthentic):
            assert believed.caller(header, SIGNED_AT).roles == {Role.BANK}

    return run


def verifier_message(_folder: Path) -> Run:
    """Each way; the first byte says as what it is read."""

    def run(data: bytes) -> None:
        kind = KINDS[(data[0] if data else 0) % len(KINDS)]
        with suppress(MessageInvalid):
            told = messages.load(kind, data[1:])
            assert messages.load(kind, messages.dump(told)) == told
            _READ.get(kind, lambda _: None)(told)

    return run
