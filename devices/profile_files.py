"""Reads firmware profiles strictly: what is not understood is refused with the file's name and the key.

A profile names its device, how the bus shows it, its driver, limits, timing and abilities; see
firmware_profiles/README.md. `*.toml` in a folder are profiles, except example.toml, which explains them.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
import types
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from devices.errors import ProfileInvalid
from devices.links import Transport
from devices.profiles import (
    FAMILIES,
    Ability,
    DeviceSection,
    DriverSection,
    Family,
    FirmwareProfile,
    Limits,
    Match,
    OtpType,
    Timing,
    Use,
    Version,
)

SHIPPED: Final = Path(__file__).resolve().parent.parent / "firmware_profiles"
EXAMPLE: Final = "example.toml"
_SECTIONS: Final = ("device", "match", "driver", "limits", "timing", "use", "abilities")
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "vendor_id": (1, 0xFFFF),
    "product_id": (0, 0xFFFF),
    "interface": (0, 255),
    "usage_page": (0, 0xFFFF),
    "usage": (0, 0xFFFF),
}
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_VERSION: Final = re.compile(r"[0-9]{1,5}(\.[0-9]{1,5}){0,2}")
T = TypeVar("T")


def load_profiles(folder: Path = SHIPPED) -> tuple[FirmwareProfile, ...]:
    """Every profile in `folder`, by name. Raises ProfileInvalid."""
    return check_files(sorted(file for file in folder.glob("*.toml") if file.name != EXAMPLE))


def check_files(files: Iterable[Path]) -> tuple[FirmwareProfile, ...]:
    """The profiles in `files`, each alone and all together. Raises ProfileInvalid for the first fault."""
    profiles = tuple(load_profile(file) for file in files)
    for one, two in combinations(profiles, 2):
        _refuse_overlap(one, two)
    return profiles


def load_profile(file: Path) -> FirmwareProfile:
    """One profile. Raises ProfileInvalid."""
    reader = _Reader(file.name)
    try:
        root = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileInvalid(file.name, "-", f"cannot be read ({type(error).__name__})") from None
    except (ValueError, RecursionError) as error:  # its own error, a number beyond all bounds, or too deep
        raise ProfileInvalid(file.name, "-", f"is not TOML: {error}") from None
    profile = reader.profile(root)
    if file.name != EXAMPLE and profile.name != file.stem:
        raise ProfileInvalid(file.name, "device.name", "must be the file's name")
    return profile


def _refuse_overlap(one: FirmwareProfile, two: FirmwareProfile) -> None:
    if one.name == two.name:
        raise ProfileInvalid(f"{two.name}.toml", "device.name", "is the name of another profile too")
    same_node = any(a.overlaps(b) for a in one.match for b in two.match)
    if same_node and one.driver.family != two.driver.family:
        # which of the two protocols would ask the device who it is?
        raise ProfileInvalid(f"{two.name}.toml", "match", f"speaks another protocol on a node of {one.name}.toml")
    same_model = one.device.model == two.device.model
    below = min(one.device.firmware_below, two.device.firmware_below)
    same_firmware = max(one.device.firmware_from, two.device.firmware_from) < below
    if same_model and same_firmware and same_node:
        raise ProfileInvalid(f"{two.name}.toml", "match", f"a device could also fit {one.name}.toml")


@dataclasses.dataclass(frozen=True)
class _Reader:
    """Builds the sections of `file` from TOML values; every complaint names file and key."""

    file: str

    def fail(self, key: str, fault: str) -> ProfileInvalid:
        return ProfileInvalid(self.file, key, fault)

    def profile(self, root: dict[str, Any]) -> FirmwareProfile:
        for name in root:
            if name not in _SECTIONS:
                raise self.fail(name, "unknown key")
        for name in _SECTIONS:
            if name not in root:
                raise self.fail(name, "is missing")
        profile = FirmwareProfile(
            device=self.section(DeviceSection, root["device"], "device"),
            match=self.matches(root["match"]),
            driver=self.section(DriverSection, root["driver"], "driver"),
            limits=self.section(Limits, root["limits"], "limits"),
            timing=self.section(Timing, root["timing"], "timing"),
            use=self.section(Use, root["use"], "use"),
            abilities=self.abilities(root["abilities"]),
        )
        self.check_device(profile.device)
        self.check_use(profile)
        self.check_family(profile)
        return profile

    def matches(self, value: Any) -> tuple[Match, ...]:
        if not isinstance(value, list) or not value:
            raise self.fail("match", "must be at least one [[match]]")
        return tuple(self.section(Match, item, "match") for item in value)

    def abilities(self, value: Any) -> frozenset[Ability]:
        for name, switch in self.table(value, "abilities").items():
            if name not in set(Ability):
                raise self.fail(f"abilities.{name}", "unknown key")
            if not isinstance(switch, bool):
                raise self.fail(f"abilities.{name}", "must be true or false")
        return frozenset(Ability(name) for name, switch in value.items() if switch)

    def table(self, value: Any, key: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.fail(key, "must be a table")
        return value

    def section(self, cls: type[T], value: Any, key: str) -> T:
        """A dataclass from a table; its type hints and metadata say what is allowed."""
        table = self.table(value, key)
        fields = {item.name: item for item in dataclasses.fields(cls)}  # type: ignore[arg-type]
        for name in table:
            if name not in fields:
                raise self.fail(f"{key}.{name}", "unknown key")
        for name, item in fields.items():
            if name not in table and item.default is dataclasses.MISSING:
                raise self.fail(f"{key}.{name}", "is missing")
        hints = get_type_hints(cls)
        values = {}
        for name, item in table.items():
            values[name] = self.value(hints[name], item, f"{key}.{name}")
            if values[name] == () and fields[name].default is dataclasses.MISSING:
                raise self.fail(f"{key}.{name}", "must not be empty")
            self.check_range(fields[name].metadata.get("range", _RANGES.get(name)), values[name], f"{key}.{name}")
        return cls(**values)

    def value(self, hint: Any, value: Any, key: str) -> Any:
        if hint is Version:
            return self.version(value, key)
        if get_origin(hint) is tuple:
            if not isinstance(value, list):
                raise self.fail(key, "must be a list")
            return tuple(self.value(get_args(hint)[0], item, key) for item in value)
        if get_origin(hint) is types.UnionType:
            (hint,) = (option for option in get_args(hint) if option is not type(None))
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return self.word(hint, value, key)
        if hint is float and type(value) is int:
            return float(value)
        if type(value) is not hint:
            raise self.fail(key, f"must be {_NAMES[hint]}")
        return value

    def word(self, words: type[StrEnum], value: Any, key: str) -> StrEnum:
        if not isinstance(value, str) or value not in set(words):
            raise self.fail(key, f"must be one of {', '.join(words)}")
        return words(value)

    def version(self, value: Any, key: str) -> Version:
        if not isinstance(value, str) or not _VERSION.fullmatch(value):
            raise self.fail(key, 'must be a version like "1.2.0"')
        return Version(*(int(part) for part in value.split(".")))

    def check_range(self, allowed: tuple[float, float] | None, value: Any, key: str) -> None:
        if allowed is None or value is None:
            return
        low, high = allowed
        for number in value if isinstance(value, tuple) else (value,):
            if not low <= number <= high:
                raise self.fail(key, f"must be {low} to {high}")

    def check_device(self, device: DeviceSection) -> None:
        for key, name in (("name", device.name), ("numbering", device.numbering or device.name)):
            if not _NAME.fullmatch(name):
                raise self.fail(f"device.{key}", "must be small letters, digits and hyphens")
        if device.firmware_from >= device.firmware_below:
            raise self.fail("device.firmware_below", "must be above device.firmware_from")

    def check_use(self, profile: FirmwareProfile) -> None:
        for otp_type in OtpType:
            told = profile.use.shown(otp_type) is not None
            if told != (otp_type in profile.limits.otp_types):
                fault = "means nothing, see limits.otp_types" if told else "is missing"
                raise self.fail(f"use.{otp_type}", fault)

    def check_family(self, profile: FirmwareProfile) -> None:
        family = FAMILIES.get(profile.driver.family)
        if family is None:
            raise self.fail("driver.family", f"must be one of {', '.join(FAMILIES)}")
        self.check_driver(profile, family)
        self.check_matches(profile.match, family)
        for ability in profile.abilities - family.abilities:
            raise self.fail(f"abilities.{ability}", "the family's driver does not have it")

    def check_driver(self, profile: FirmwareProfile, family: Family) -> None:
        for quirk in profile.driver.quirks:
            if quirk not in family.quirks:
                raise self.fail("driver.quirks", f"{quirk} is not declared by the family")
        if family.needs_root != bool(profile.driver.root):
            fault = "is missing" if family.needs_root else "means nothing to this family"
            raise self.fail("driver.root", fault)

    def check_matches(self, matches: Sequence[Match], family: Family) -> None:
        for match in matches:
            if match.bus not in family.transports:
                raise self.fail("match.bus", f"the family's driver does not speak over {match.bus}")
            if match.bus is Transport.HID and match.interface is None and match.usage_page is None:
                raise self.fail("match.interface", "a HID match needs the interface or the usage page")


_NAMES: Final = {int: "a whole number", str: "text", float: "a number", bool: "true or false"}
