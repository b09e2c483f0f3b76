"""How a file of seeds is protected: its key, and the MAC under which its values stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from provisioning.pskc.ciphers import LEAST_MAC_KEY_BYTES, Derivation, Encrypted, FileKey, Mac, Passphrase
from provisioning.pskc.markup import Element, Fault
from provisioning.pskc.names import CIPHER_KEY_BYTES, DERIVATIONS, DS, HASHES, PKCS5, pskc, xenc, xenc11
from provisioning.pskc.values import integer, octets
from provisioning.pskc_refusals import PskcFault

FEWEST_ITERATIONS: Final = 1_000
MOST_ITERATIONS: Final = 2_000_000
_SALT_BYTES: Final = range(8, 65)
_DEFAULT_PRF: Final = f"{DS}hmac-sha1"


@dataclass(frozen=True, slots=True)
class Protection:
    """The file's key with its MAC."""

    key: bytes = field(repr=False)
    mac: Mac

    def open(self, value: Element) -> bytes:
        """What an element with EncryptedValue and ValueMAC holds; the MAC is checked first. Raises Fault."""
        if any(child.name == pskc("PlainValue") for child in value.children):
            raise Fault(PskcFault.PLAIN_SECRET)
        parts = value.fields(required=(pskc("EncryptedValue"), pskc("ValueMAC")))
        sealed = encrypted(parts[pskc("EncryptedValue")])
        self.mac.check(sealed.octets, octets(parts[pskc("ValueMAC")]))
        return sealed.open(self.key)


def read_protection(encryption_key: Element, mac_method: Element, given: FileKey) -> Protection:
    """From EncryptionKey and MACMethod. Raises Fault, also where `given` is not of the kind or opens nothing."""
    key = _key(encryption_key, given)
    fields = mac_method.fields(required=(pskc("MACKey"),), attributes=("Algorithm",))
    name = mac_method.attribute("Algorithm")
    if name not in HASHES:
        raise Fault(PskcFault.UNSUPPORTED, name)
    mac_key = encrypted(fields[pskc("MACKey")]).open(key)
    if len(mac_key) < LEAST_MAC_KEY_BYTES:
        raise Fault(PskcFault.WRONG_KEY)
    return Protection(key, Mac(HASHES[name], mac_key))


def encrypted(element: Element) -> Encrypted:
    """EncryptionMethod and CipherData. Raises Fault for another cipher than AES in CBC mode."""
    fields = element.fields(required=(xenc("EncryptionMethod"), xenc("CipherData")), attributes=("Id", "Type"))
    method = fields[xenc("EncryptionMethod")]
    method.fields(attributes=("Algorithm",))
    cipher = method.attribute("Algorithm")
    if cipher not in CIPHER_KEY_BYTES:
        raise Fault(PskcFault.UNSUPPORTED, cipher)
    value = fields[xenc("CipherData")].fields(required=(xenc("CipherValue"),))
    return Encrypted(cipher, octets(value[xenc("CipherValue")]))


def _key(element: Element, given: FileKey) -> bytes:
    fields = element.fields(optional=(f"{DS} KeyName", xenc11("DerivedKey")), attributes=("Id",))
    derived = fields.get(xenc11("DerivedKey"))
    if isinstance(given, Passphrase) and derived is not None:
        return _derivation(derived).derive(given)
    if isinstance(given, Passphrase) or derived is not None:
        raise Fault(PskcFault.OTHER_KIND_OF_KEY)
    return given.key


def _derivation(derived: Element) -> Derivation:
    named = (xenc("ReferenceList"), xenc11("MasterKeyName"), xenc11("DerivedKeyName"))
    fields = derived.fields((xenc11("KeyDerivationMethod"),), named, attributes=("Id", "Type", "Recipient"))
    method = fields[xenc11("KeyDerivationMethod")]
    children = {child.name for child in method.children}
    name = xenc11("PBKDF2-params") if xenc11("PBKDF2-params") in children else f"{PKCS5} PBKDF2-params"
    parameters = method.fields(required=(name,), attributes=("Algorithm",))[name]
    if method.attribute("Algorithm") not in DERIVATIONS:
        raise Fault(PskcFault.UNSUPPORTED, method.attribute("Algorithm"))
    return _pbkdf2(parameters)


def _pbkdf2(parameters: Element) -> Derivation:
    """Its children are in no namespace, as in RFC 6030, or in that of their parent."""
    own = f"{parameters.name.partition(' ')[0]} "
    space = own if any(child.name.startswith(own) for child in parameters.children) else ""
    fields = parameters.fields(
        (f"{space}Salt", f"{space}IterationCount", f"{space}KeyLength"), optional=(f"{space}PRF",)
    )
    salt = octets(fields[f"{space}Salt"].fields(required=(f"{space}Specified",))[f"{space}Specified"])
    iterations, key_bytes = integer(fields[f"{space}IterationCount"]), integer(fields[f"{space}KeyLength"])
    if not FEWEST_ITERATIONS <= iterations <= MOST_ITERATIONS:
        raise Fault(PskcFault.UNSUPPORTED, "IterationCount")
    if key_bytes not in CIPHER_KEY_BYTES.values():
        raise Fault(PskcFault.UNSUPPORTED, "KeyLength")
    if len(salt) not in _SALT_BYTES:
        raise Fault(PskcFault.UNSUPPORTED, "Salt")
    name = _prf(fields.get(f"{space}PRF"))
    if name not in HASHES:
        raise Fault(PskcFault.UNSUPPORTED, name)
    return Derivation(salt, iterations, key_bytes, HASHES[name])


def _prf(element: Element | None) -> str:
    """Told by an attribute, or as some programs write it, by the text."""
    if element is None:
        return _DEFAULT_PRF
    text, attribute = element.value(attributes=("Algorithm",)), element.attributes.get("Algorithm", "")
    if text and attribute:
        raise Fault(PskcFault.BAD_VALUE, element.name)
    return text or attribute or _DEFAULT_PRF
