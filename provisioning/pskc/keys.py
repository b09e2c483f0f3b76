"""One key package: a fob, and the seed that it was made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from provisioning.pskc.markup import Element, Fault
from provisioning.pskc.names import OTP_TYPES, SUITES, pskc
from provisioning.pskc.protection import Protection
from provisioning.pskc.values import instant, line, plain_integer, serial_number
from provisioning.pskc_refusals import PskcFault
from provisioning.rules.parameters import Algorithm, OtpParameters, OtpType

_LONGEST_SEED: Final = {Algorithm.SHA1: 64, Algorithm.SHA256: 64, Algorithm.SHA512: 128}
"""A block of the hash, in bytes: what is longer is hashed first, and no better."""
_STANDARD_PERIOD_S: Final = 30


@dataclass(frozen=True, slots=True)
class PskcKey:
    """`next_counter` is of HOTP, `drift_steps` of TOTP. `number` counts from 1 as the keys stand in the file."""

    number: int
    manufacturer: str
    serial: str
    model: str
    otp: OtpParameters
    seed: bytes = field(repr=False)
    next_counter: int = 0
    drift_steps: int = 0
    starts_at: datetime | None = None
    expires_at: datetime | None = None


def read_key(package: Element, number: int, protection: Protection) -> PskcKey:
    """From KeyPackage. Raises Fault."""
    fields = package.fields((pskc("DeviceInfo"), pskc("Key")), optional=(pskc("CryptoModuleInfo"),))
    if pskc("CryptoModuleInfo") in fields:
        line(fields[pskc("CryptoModuleInfo")].fields(required=(pskc("Id"),))[pskc("Id")])
    device = _device(fields[pskc("DeviceInfo")])
    key = fields[pskc("Key")]
    parts = key.fields(
        (pskc("AlgorithmParameters"), pskc("Data")),
        (pskc("Issuer"), pskc("FriendlyName"), pskc("Policy"), pskc("UserId")),
        attributes=("Id", "Algorithm"),
    )
    _nobodys(parts)
    policy = _policy(parts.get(pskc("Policy")))
    data = _data(parts[pskc("Data")])
    otp = _parameters(key, parts[pskc("AlgorithmParameters")], data)
    return PskcKey(
        number=number,
        manufacturer=line(device[pskc("Manufacturer")]),
        serial=serial_number(device[pskc("SerialNo")]),
        model=line(device.get(pskc("Model"))),
        otp=otp,
        seed=_seed(protection.open(data[pskc("Secret")]), otp),
        next_counter=_counter(data),
        drift_steps=plain_integer(data.get(pskc("TimeDrift")), 0),
        starts_at=max(_instants(device, policy, "StartDate"), default=None),
        expires_at=min(_instants(device, policy, "ExpiryDate"), default=None),
    )


def serial_of(package: Element) -> str:
    """The serial number of a package that is refused, if it tells a usable one."""
    found = [
        field
        for device in package.children
        if device.name == pskc("DeviceInfo")
        for field in device.children
        if field.name == pskc("SerialNo")
    ]
    try:
        return serial_number(found[0]) if len(found) == 1 else ""
    except Fault:
        return ""


def _device(element: Element) -> Mapping[str, Element]:
    told = ("Model", "IssueNo", "StartDate", "ExpiryDate", "UserId")
    device = element.fields((pskc("Manufacturer"), pskc("SerialNo")), optional=[pskc(name) for name in told])
    _nobodys(device)
    if not line(device[pskc("Manufacturer")]):
        raise Fault(PskcFault.MISSING, "Manufacturer")
    return device


def _nobodys(fields: Mapping[str, Element]) -> None:
    """A key that its maker has bound to somebody is not ours to give away."""
    if pskc("UserId") in fields:
        raise Fault(PskcFault.SOMEBODYS, "UserId")


def _policy(policy: Element | None) -> Mapping[str, Element]:
    """RFC 6030 §5: what is not understood, or cannot be enforced, makes the key unusable."""
    if policy is None:
        return {}
    usages = [child for child in policy.children if child.name == pskc("KeyUsage")]
    if usages and "OTP" not in [usage.value() for usage in usages]:
        raise Fault(PskcFault.POLICY, "KeyUsage")
    dates = (pskc("StartDate"), pskc("ExpiryDate"))
    for child in policy.children:
        if child.name not in (*dates, pskc("KeyUsage")):
            raise Fault(PskcFault.POLICY, child.name)
    others = [child for child in policy.children if child.name != pskc("KeyUsage")]
    return Element(policy.name, policy.attributes, others, policy.pieces).fields(optional=dates)


def _data(data: Element) -> Mapping[str, Element]:
    return data.fields(
        (pskc("Secret"),), [pskc(name) for name in ("Counter", "Time", "TimeInterval", "TimeDrift")]
    )


def _parameters(key: Element, parameters: Element, data: Mapping[str, Element]) -> OtpParameters:
    fields = parameters.fields((pskc("ResponseFormat"),), (pskc("Suite"),))
    otp_type, suite = OTP_TYPES.get(key.attribute("Algorithm")), fields.get(pskc("Suite"))
    if otp_type is None:
        raise Fault(PskcFault.UNSUPPORTED, key.attribute("Algorithm"))
    algorithm = Algorithm.SHA1 if suite is None else SUITES.get(suite.value().upper())
    if algorithm is None:
        raise Fault(PskcFault.UNSUPPORTED, "Suite")
    by_time, by_counter = (pskc("TimeInterval"), pskc("TimeDrift"), pskc("Time")), (pskc("Counter"),)
    for name in by_counter if otp_type is OtpType.TOTP else by_time:
        if name in data:
            raise Fault(PskcFault.UNKNOWN_ELEMENT, name)
    if plain_integer(data.get(pskc("Time")), 0):
        raise Fault(PskcFault.UNSUPPORTED, "Time")
    period_s = plain_integer(data.get(pskc("TimeInterval")), _STANDARD_PERIOD_S)
    try:
        digits = _digits(fields[pskc("ResponseFormat")])
        return OtpParameters(otp_type, algorithm, digits, period_s if otp_type is OtpType.TOTP else 0)
    except ValueError:
        raise Fault(PskcFault.UNSUPPORTED, "ResponseFormat or TimeInterval") from None


def _digits(response: Element) -> int:
    response.fields(attributes=("Encoding", "Length", "CheckDigits"))
    if response.attribute("Encoding") != "DECIMAL":
        raise Fault(PskcFault.UNSUPPORTED, "Encoding")
    if response.attributes.get("CheckDigits", "false") not in ("false", "0"):
        raise Fault(PskcFault.UNSUPPORTED, "CheckDigits")
    length = response.attribute("Length")
    if length not in ("6", "8"):
        raise Fault(PskcFault.UNSUPPORTED, "Length")
    return int(length)


def _counter(data: Mapping[str, Element]) -> int:
    counter = plain_integer(data.get(pskc("Counter")), 0)
    if counter < 0:
        raise Fault(PskcFault.BAD_VALUE, "Counter")
    return counter


def _seed(seed: bytes, otp: OtpParameters) -> bytes:
    if not otp.seed_bytes <= len(seed) <= _LONGEST_SEED[otp.algorithm]:
        raise Fault(PskcFault.SEED_LENGTH)
    return seed


def _instants(device: Mapping[str, Element], policy: Mapping[str, Element], name: str) -> list[datetime]:
    told = (instant(fields.get(pskc(name))) for fields in (device, policy))
    return [moment for moment in told if moment is not None]
