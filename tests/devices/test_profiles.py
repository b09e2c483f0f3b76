"""Profiles: the shipped ones load, every fault is named with file and key, devices are recognised in two steps."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from pathlib import Path

import pytest

from devices.errors import OverLimits, ProfileInvalid, UnsupportedFirmware
from devices.links import AttachedDevice, Transport
from devices.profile_files import EXAMPLE, SHIPPED, check_files, load_profile, load_profiles
from devices.profiles import (
    Ability,
    Algorithm,
    CredentialForm,
    DeviceSection,
    DriverSection,
    FirmwareProfile,
    Limits,
    Match,
    OtpType,
    Timing,
    Use,
    Version,
    candidates,
    choose,
)

TEXT = (SHIPPED / "kagiya-fob.toml").read_text(encoding="utf-8")
(FOB,) = (profile for profile in load_profiles() if profile.name == "kagiya-fob")
HID = AttachedDevice("a", Transport.HID, 0x1209, 1, 0, 0xFF4B, 1)


def write(folder: Path, name: str, old: str = "", new: str = "") -> Path:
    assert old in TEXT
    file = folder / f"{name}.toml"
    file.write_text(TEXT.replace(old, new, 1).replace('name = "kagiya-fob"', f'name = "{name}"'), encoding="utf-8")
    return file


def test_the_shipped_profile_is_the_fob_of_the_protocol_note() -> None:
    assert FOB.name == "kagiya-fob"
    assert FOB.device.firmware_below == Version(2, 0, 0)
    assert {match.bus for match in FOB.match} == {Transport.HID, Transport.SERIAL}
    assert FOB.abilities == set(Ability) - {Ability.LOCKS_WITH_CODE}
    # §7 of the note: a host waits at least so long, and one report takes one polling interval
    assert FOB.timing.open_timeout_s >= 2.0
    assert FOB.timing.report_interval_s == 0.008


def test_the_example_is_a_valid_profile_that_is_not_used() -> None:
    assert load_profile(SHIPPED / EXAMPLE).name == "example"
    assert "example" not in {profile.name for profile in load_profiles()}


def test_example_and_readme_explain_every_key() -> None:
    sections = {
        "device": DeviceSection,
        "match": Match,
        "driver": DriverSection,
        "limits": Limits,
        "timing": Timing,
        "use": Use,
    }
    keys = {f"{name}.{item.name}" for name, cls in sections.items() for item in dataclasses.fields(cls)}
    keys |= {f"abilities.{ability}" for ability in Ability}
    readme = (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)`", readme, re.MULTILINE)) == keys
    example = (SHIPPED / EXAMPLE).read_text(encoding="utf-8")
    for key in keys:
        assert re.search(rf"^(# )?{key.split('.')[1]} = ", example, re.MULTILINE), key


@pytest.mark.parametrize(
    ("old", "new", "key", "fault"),
    [
        ("[device]", "[device]\ncolour = 1", "device.colour", "unknown key"),
        ("[device]", 'note = "x"\n[device]', "note", "unknown key"),
        ("slots = 1\n", "", "limits.slots", "is missing"),
        ("[abilities]", "[abilities]\nflies = true", "abilities.flies", "unknown key"),
        ("reads_code = true", 'reads_code = "yes"', "abilities.reads_code", "true or false"),
        ("slots = 1", "slots = 0", "limits.slots", "must be 1 to 100"),
        ("slots = 1", 'slots = "1"', "limits.slots", "must be a whole number"),
        ("slots = 1", "slots = true", "limits.slots", "must be a whole number"),
        ("digits = [6, 8]", "digits = 8", "limits.digits", "must be a list"),
        ("digits = [6, 8]", "digits = []", "limits.digits", "must not be empty"),
        ("digits = [6, 8]", "digits = [6, 12]", "limits.digits", "must be 4 to 10"),
        ('"sha256"', '"md5"', "limits.algorithms", "must be one of sha1, sha256, sha512"),
        ('bus = "hid"', 'bus = "gpio"', "match.bus", "must be one of hid, serial, usb"),
        ('bus = "hid"', 'bus = "usb"', "match.bus", "does not speak over usb"),
        ("interface = 0\nusage_page = 0xFF4B", "", "match.interface", "needs the interface or the usage page"),
        ("vendor_id = 0x1209\n", "", "match.vendor_id", "is missing"),
        ("vendor_id = 0x1209", "vendor_id = 0x12090", "match.vendor_id", "must be 1 to 65535"),
        ('family = "kagiya-fob"', 'family = "abacus"', "driver.family", "must be one of kagiya-fob"),
        ("[driver]", '[driver]\nquirks = ["sings"]', "driver.quirks", "sings is not declared"),
        ('root = "kagiya-fob-maker"', "", "driver.root", "is missing"),
        ('firmware_from = "1.0.0"', 'firmware_from = "one"', "device.firmware_from", "must be a version"),
        ('firmware_from = "1.0.0"', 'firmware_from = "2.0.0"', "device.firmware_below", "must be above"),
        (
            "identify_timeout_s = 0.5",
            "identify_timeout_s = 0",
            "timing.identify_timeout_s",
            "must be 0.01 to 60.0",
        ),
        ("[limits]", "[limits", "-", "is not TOML"),
        ("[use]", "[used]", "used", "unknown key"),
        ('serial = "told"', 'serial = "asked"', "use.serial", "must be one of told, bus, label"),
        ('clock = "kept"\n', "", "use.clock", "is missing"),
        ('hotp = "display"\n', "", "use.hotp", "is missing"),
        ('otp_types = ["totp", "hotp"]', 'otp_types = ["totp"]', "use.hotp", "means nothing"),
        ("[abilities]", "[abilities]\nlocks_with_code = true", "abilities.locks_with_code", "does not have it"),
        ("slots = 1", "slots = 1\ncounter_step = 0", "limits.counter_step", "must be 1 to 65536"),
        ("[device]", '[device]\nnumbering = "Our Keys"', "device.numbering", "small letters"),
    ],
)
def test_a_faulty_profile_is_refused_with_file_and_key(
    tmp_path: Path, old: str, new: str, key: str, fault: str
) -> None:
    file = write(tmp_path, "faulty", old, new)
    with pytest.raises(ProfileInvalid) as caught:
        load_profile(file)
    assert (caught.value.file, caught.value.key) == ("faulty.toml", key)
    assert fault in caught.value.fault
    assert str(caught.value).startswith(f"faulty.toml: {key}: ")


def test_a_profile_must_be_named_as_its_file_and_be_there(tmp_path: Path) -> None:
    file = write(tmp_path, "one").rename(tmp_path / "two.toml")
    with pytest.raises(ProfileInvalid, match=r"device\.name"):
        load_profile(file)
    with pytest.raises(ProfileInvalid, match="FileNotFoundError"):
        load_profile(tmp_path / "none.toml")


def test_two_profiles_that_one_device_could_fit_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "one")
    write(tmp_path, "two", 'firmware_from = "1.0.0"', 'firmware_from = "1.5.0"')
    with pytest.raises(ProfileInvalid) as caught:
        load_profiles(tmp_path)
    assert (caught.value.file, caught.value.key) == ("two.toml", "match")
    assert "one.toml" in caught.value.fault


def test_two_protocols_on_one_node_are_refused(tmp_path: Path) -> None:
    one = write(tmp_path, "one")
    two = tmp_path / "two.toml"
    other = {'model = "KF-1"': 'model = "OK"', 'family = "kagiya-fob"': 'family = "onlykey"'}
    text = one.read_text(encoding="utf-8").replace('name = "one"', 'name = "two"')
    for old, new in other.items():
        text = text.replace(old, new)
    for gone in ('root = "kagiya-fob-maker"', *(f"{ability} = true" for ability in Ability)):
        text = text.replace(f"{gone}\n", "")
    cradle = text.index("[[match]] # the cradle")
    two.write_text(text[:cradle] + text[text.index("[driver]") :], encoding="utf-8")
    with pytest.raises(ProfileInvalid) as caught:
        load_profiles(tmp_path)
    assert (caught.value.file, caught.value.key) == ("two.toml", "match")
    assert caught.value.fault == "speaks another protocol on a node of one.toml"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('firmware_from = "1.0.0"\nfirmware_below = "2.0.0"', 'firmware_from = "2.0.0"\nfirmware_below = "3.0.0"'),
        ('model = "KF-1"', 'model = "KF-2"'),
    ],
)
def test_profiles_that_no_device_fits_both_stand_side_by_side(tmp_path: Path, old: str, new: str) -> None:
    files = [write(tmp_path, "one"), write(tmp_path, "two", old, new)]
    assert [profile.name for profile in check_files(files)] == ["one", "two"]


@pytest.mark.parametrize(
    "change",
    [
        {"interface": 1},
        {"usage_page": 1, "usage": 6},
        {"product_id": 7},
        {"vendor_id": 0x046D},
        {"transport": Transport.SERIAL},
        {"transport": Transport.USB},
    ],
)
def test_another_interface_or_product_is_no_candidate(change: dict[str, object]) -> None:
    assert candidates(HID, [FOB]) == (FOB,)
    assert candidates(replace(HID, **change), [FOB]) == ()  # type: ignore[arg-type]


def test_a_serial_port_is_a_candidate_by_its_ids_or_by_the_operators_word_only() -> None:
    port = AttachedDevice("/dev/ttyUSB0", Transport.SERIAL, 0x0403, 0x6001)
    assert candidates(port, [FOB]) == ()
    assert candidates(replace(port, product_id=2, vendor_id=0x1209), [FOB]) == (FOB,)
    assert candidates(replace(port, named_profile="kagiya-fob"), [FOB]) == (FOB,)
    assert candidates(replace(port, named_profile="another"), [FOB]) == ()


def test_a_product_text_is_compared_whole() -> None:
    (match, _) = FOB.match
    named = replace(match, product="Kagiya fob")
    assert named.fits(replace(HID, product="Kagiya fob"))
    assert not named.fits(replace(HID, product="Kagiya fob 2"))
    assert named.overlaps(match)
    assert not named.overlaps(replace(match, product="Kagiya fob 2"))


def test_a_shared_id_is_a_candidate_only_with_the_beginning_of_its_serial_number() -> None:
    match = Match(Transport.SERIAL, 0x0483, 0x5740, serial_prefix="flip_")
    port = AttachedDevice("/dev/ttyACM0", Transport.SERIAL, 0x0483, 0x5740, bus_serial="flip_Atiw")
    assert match.fits(port)
    assert not match.fits(replace(port, bus_serial="1234567890"))
    assert not match.fits(replace(port, bus_serial=""))
    assert match.overlaps(replace(match, serial_prefix="flip_A"))
    assert match.overlaps(replace(match, serial_prefix=""))
    assert not match.overlaps(replace(match, serial_prefix="board"))


@pytest.mark.parametrize(
    ("firmware", "profiles", "ranges"),
    [(Version(2), 1, 0), (Version(0, 9, 9), 1, 0), (Version(1, 2), 2, 2)],
)
def test_firmware_must_fall_in_exactly_one_range(firmware: Version, profiles: int, ranges: int) -> None:
    with pytest.raises(UnsupportedFirmware) as caught:
        choose([FOB] * profiles, "KF-1", firmware)
    assert caught.value.ranges == ranges


def test_the_chosen_profile_covers_its_first_firmware() -> None:
    later = replace(FOB, device=replace(FOB.device, firmware_from=Version(2), firmware_below=Version(3)))
    found: list[FirmwareProfile] = [FOB, later]
    assert choose(found, "KF-1", Version(1, 99, 99)) is FOB
    assert choose(found, "KF-1", Version(2)) is later


FORM = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)


@pytest.mark.parametrize(
    ("change", "limit"),
    [
        ({"slot": 2}, "slot"),
        ({"slot": 0}, "slot"),
        ({"digits": 7}, "digits"),
        ({"period_s": 45}, "period_s"),
        ({"period_s": 0}, "period_s"),
        ({"otp_type": OtpType.HOTP}, "period_s"),
        ({"seed_bytes": 16}, "seed_bytes"),
        ({"counter": 16}, "counter"),
        ({"otp_type": OtpType.HOTP, "period_s": 0, "counter": -1}, "counter"),
    ],
)
def test_what_a_device_cannot_hold_is_said(change: dict[str, object], limit: str) -> None:
    FOB.check(FORM)
    FOB.check(replace(FORM, otp_type=OtpType.HOTP, period_s=0))
    with pytest.raises(OverLimits) as caught:
        FOB.check(replace(FORM, **change))  # type: ignore[arg-type]
    assert caught.value.limit == limit


def test_a_counter_begins_where_the_device_can_begin() -> None:
    hotp = replace(FORM, otp_type=OtpType.HOTP, period_s=0)
    by_sixteen = replace(FOB, limits=replace(FOB.limits, counter_step=16))
    for counter in (0, 16, 4096):
        by_sixteen.check(replace(hotp, counter=counter))
    for counter in (1, 15, 17):
        FOB.check(replace(hotp, counter=counter))
        with pytest.raises(OverLimits) as caught:
            by_sixteen.check(replace(hotp, counter=counter))
        assert (caught.value.limit, caught.value.allowed) == ("counter", "multiples of 16")


def test_a_device_for_totp_only_refuses_hotp() -> None:
    totp_only = replace(FOB, limits=replace(FOB.limits, otp_types=(OtpType.TOTP,), algorithms=(Algorithm.SHA1,)))
    with pytest.raises(OverLimits, match="otp_type"):
        totp_only.check(replace(FORM, otp_type=OtpType.HOTP, period_s=0))
    with pytest.raises(OverLimits, match="algorithm"):
        totp_only.check(replace(FORM, algorithm=Algorithm.SHA512, seed_bytes=64))
