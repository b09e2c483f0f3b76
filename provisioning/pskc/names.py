"""Names in PSKC files: namespaces, and algorithms by their identifiers. An element's name is `NAMESPACE LOCAL`."""

from __future__ import annotations

from typing import Final

from provisioning.rules.parameters import Algorithm, OtpType

PSKC: Final = "urn:ietf:params:xml:ns:keyprov:pskc"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
DS_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
PKCS5: Final = "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#"

CIPHER_KEY_BYTES: Final = {f"{XENC}aes{bits}-cbc": bits // 8 for bits in (128, 192, 256)}
HASHES: Final = {
    f"{DS}hmac-sha1": "sha1",
    f"{DS_MORE}hmac-sha256": "sha256",
    f"{DS_MORE}hmac-sha384": "sha384",
    f"{DS_MORE}hmac-sha512": "sha512",
}
"""HMACs, over values and under PBKDF2."""
DERIVATIONS: Final = frozenset({f"{PKCS5}pbkdf2", f"{XENC11}pbkdf2"})
OTP_TYPES: Final = {f"{PSKC}:hotp": OtpType.HOTP, f"{PSKC}:totp": OtpType.TOTP}
SUITES: Final = {
    spelling: algorithm
    for algorithm, bits in ((Algorithm.SHA1, "1"), (Algorithm.SHA256, "256"), (Algorithm.SHA512, "512"))
    for spelling in (f"SHA{bits}", f"SHA-{bits}", f"HMAC-SHA{bits}", f"HMAC-SHA-{bits}")
}
"""What makers write for the hash under the codes."""


def pskc(local: str) -> str:
    """The name of one of PSKC's own elements."""
    return f"{PSKC} {local}"


def xenc(local: str) -> str:
    """The name of an element of XML Encryption."""
    return f"{XENC} {local}"


def xenc11(local: str) -> str:
    """The name of an element of XML Encryption 1.1."""
    return f"{XENC11} {local}"
