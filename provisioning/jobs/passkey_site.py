"""Where passkeys of this server are good, and what is wrong with an answer that is not (WebAuthn §7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from webauthn.helpers import parse_authenticator_data, parse_client_data_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AuthenticatorData, CollectedClientData

from provisioning.errors import PasskeyFault
from provisioning.settings import ServerSettings

ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,  # what Windows makes
]
RESPONSE_CHARACTERS: Final = 16 * 1024
_PORTS: Final = {"http": 80, "https": 443}

# what the library lets through of the malformed: JSON that nests too deeply, numbers and texts of another kind
MALFORMED: Final = (WebAuthnException, ValueError, TypeError, KeyError, RecursionError)


@dataclass(frozen=True, slots=True)
class Site:
    """The relying party: the name that passkeys are bound to, and the only origin whose pages may ask for them."""

    rp_id: str
    origin: str


def site_of(server: ServerSettings) -> Site:
    """From the address under which staff open the server."""
    parts = urlsplit(server.base_url)
    host = parts.hostname or ""
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return Site(host, f"{parts.scheme}://{host}{port}")


def fault_in(site: Site, challenge: bytes, client_data: bytes, authenticator_data: bytes) -> PasskeyFault:
    """The name of what the library refused; it has decided already."""
    try:
        client, authenticator = parse_client_data_json(client_data), parse_authenticator_data(authenticator_data)
    except MALFORMED:
        return PasskeyFault.BAD_FORM
    wrong = (fault for fault, is_wrong in _WRONG.items() if is_wrong(site, challenge, client, authenticator))
    return next(wrong, PasskeyFault.SIGNATURE)


_Check = Callable[[Site, bytes, CollectedClientData, AuthenticatorData], bool]
_WRONG: Final[dict[PasskeyFault, _Check]] = {
    PasskeyFault.ORIGIN: lambda site, _challenge, client, _data: client.origin != site.origin,
    PasskeyFault.CHALLENGE: lambda _site, challenge, client, _data: client.challenge != challenge,
    PasskeyFault.RELYING_PARTY: lambda site, _challenge, _client, data: (
        data.rp_id_hash != sha256(site.rp_id.encode()).digest()
    ),
    PasskeyFault.NOT_VERIFIED: lambda _site, _challenge, _client, data: not data.flags.uv,
}
