"""The encrypted examples of RFC 6030, §6.1 and §6.2, built from their figures; and one such file of our own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

PSKC: Final = "urn:ietf:params:xml:ns:keyprov:pskc"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
SHARED_KEY: Final = bytes.fromhex("12345678901234567890123456789012")
PASSPHRASE: Final = "qwerty"
SECRET: Final = b"12345678901234567890"
SECRET_UNDER_PASSPHRASE: Final = bytes.fromhex("3132333435363738393031323334353637383930")

_KEY_NAME: Final = '<ds:KeyName xmlns:ds="http://www.w3.org/2000/09/xmldsig#">Pre-shared-key</ds:KeyName>'
_DERIVED: Final = (
    '<x:DerivedKey xmlns:x="http://www.w3.org/2009/xmlenc11#"><x:KeyDerivationMethod'
    ' Algorithm="http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#pbkdf2">'
    '<p:PBKDF2-params xmlns:p="http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#">'
    "<Salt><Specified>Ej7/PEpyEpw=</Specified></Salt><IterationCount>1000</IterationCount>"
    "<KeyLength>16</KeyLength><PRF/></p:PBKDF2-params></x:KeyDerivationMethod>"
    '<e:ReferenceList><e:DataReference URI="#ED"/></e:ReferenceList>'
    "<x:MasterKeyName>My Password 1</x:MasterKeyName></x:DerivedKey>"
)


@dataclass(frozen=True)
class Example:
    """A file with one key; every part can be replaced."""

    encryption_key: str = _KEY_NAME
    mac: str = "http://www.w3.org/2000/09/xmldsig#hmac-sha1"
    cipher: str = f"{XENC}aes128-cbc"
    mac_key: str = "ESIzRFVmd4iZABEiM0RVZgKn6WjLaTC1sbeBMSvIhRejN9vJa2BOlSaMrR7I5wSX"
    serial: str = "987654321"
    device: str = ""
    algorithm: str = f"{PSKC}:hotp"
    parameters: str = '<ResponseFormat Length="8" Encoding="DECIMAL"/>'
    cipher_value: str = "AAECAwQFBgcICQoLDA0OD+cIHItlB3Wra1DUpxVvOx2lef1VmNPCMl8jwZqIUqGv"
    value_mac: str = "Su+NvtQfmvfJzF6bmQiJqoLRExc="
    secret: str = ""
    data: str = "<Counter><PlainValue>0</PlainValue></Counter>"
    policy: str = ""
    before: str = '<?xml version="1.0" encoding="UTF-8"?>'
    version: str = "1.0"
    namespace: str = PSKC
    times: int = 1

    def but(self, **changes: str | int) -> bytes:
        """The file with some parts replaced."""
        return replace(self, **changes).file()  # type: ignore[arg-type]

    def file(self) -> bytes:
        """The file."""
        return (
            f'{self.before}<KeyContainer Version="{self.version}" xmlns="{self.namespace}" xmlns:e="{XENC}">'
            f"<EncryptionKey>{_unnamed(self.encryption_key)}</EncryptionKey>"
            f'<MACMethod Algorithm="{self.mac}"><MACKey>{self._sealed(self.mac_key)}</MACKey></MACMethod>'
            f"{self.package() * self.times}</KeyContainer>"
        ).encode()

    def package(self) -> str:
        """Its one key."""
        secret = self.secret or (
            f"<EncryptedValue>{self._sealed(self.cipher_value)}</EncryptedValue>"
            f"<ValueMAC>{self.value_mac}\n</ValueMAC>"
        )
        return (
            f"<KeyPackage><DeviceInfo><Manufacturer>Manufacturer</Manufacturer>"
            f"<SerialNo>{self.serial}</SerialNo>{self.device}</DeviceInfo>"
            f'<CryptoModuleInfo><Id>CM_ID_001</Id></CryptoModuleInfo><Key Id="12345678"'
            f' Algorithm="{self.algorithm}"><Issuer>Issuer</Issuer><AlgorithmParameters>{self.parameters}'
            f"</AlgorithmParameters><Data><Secret>{secret}</Secret>{self.data}</Data>{self.policy}</Key></KeyPackage>"
        )

    def _sealed(self, value: str) -> str:
        return (
            f'<e:EncryptionMethod Algorithm="{self.cipher}"/>'
            f"<e:CipherData><e:CipherValue>\n    {value}\n</e:CipherValue></e:CipherData>"
        )


FIGURE_6: Final = Example()
FIGURE_7: Final = Example(
    encryption_key=_DERIVED,
    mac_key="2GTTnLwM3I4e5IO5FkufoOEiOhNj91fhKRQBtBJYluUDsPOLTfUvoU2dStyOwYZx",
    cipher_value="oTvo+S22nsmS2Z/RtcoF8Hfh+jzMe0RkiafpoDpnoZTjPYZu6V+A4aEn032yCr4f",
    value_mac="LP6xMvjtypbfT9PdkJhBZ+D6O4w=",
    data="",
)


def _unnamed(text: str) -> str:
    """As in the RFC the parameters of PBKDF2 are in no namespace."""
    for name in ("Salt", "IterationCount", "KeyLength", "PRF"):
        text = text.replace(f"<{name}", f'<{name} xmlns=""')
    return text
