"""`kagiya devices`: what is attached, what it can hold, and what must be known of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from pytest_mock import MockerFixture

from devices.attach import Desk
from devices.notice_words import WORDS
from devices.notices import Notice
from devices.profiles import ClockKept, CodeShown
from provisioning.cli.devices import devices
from tests.devices.conftest import HID_SERIALS, SERIALS, Bench
from tests.rig.faults import Faults


def told(mocker: MockerFixture, desk: Desk, *options: str, language: str = "C") -> str:
    mocker.patch("provisioning.cli.devices.desk_config", return_value=SimpleNamespace(desk=lambda: desk))
    ended = CliRunner(env={"LC_ALL": language}).invoke(devices, options, obj=Path("kagiya.toml"))
    assert ended.exit_code == 0, ended.output
    return ended.output


@pytest.fixture
def companion(bench: Bench) -> Desk:
    """The same fobs, as if their codes were shown by a companion program."""
    use = replace(bench.profile.use, totp=CodeShown.COMPANION, clock=ClockKept.WHILE_POWERED)
    return replace(bench.desk, profiles=(replace(bench.profile, use=use),))


def test_a_line_for_each_and_what_it_can_hold(mocker: MockerFixture, bench: Bench) -> None:
    bench.fob(HID_SERIALS[0]).faults = Faults(battery_percent=3)
    lines = told(mocker, bench.desk).splitlines()
    assert [line for line in lines if HID_SERIALS[0] in line and line.endswith("(low_battery)")]
    assert [line for line in lines if HID_SERIALS[1] in line and line.endswith("1.2.0  usable")]
    holds = "    totp, hotp: sha1, sha256, sha512; digits 6, 8; seconds 30, 60"
    assert lines.count(holds) == len(SERIALS)


@pytest.mark.parametrize(("language", "words"), [("C", "en"), ("ja_JP.UTF-8", "ja")])
def test_what_must_be_known_is_said_in_the_desks_language(
    mocker: MockerFixture, companion: Desk, language: str, words: str
) -> None:
    lines = told(mocker, companion, language=language).splitlines()
    for notice in (Notice.COMPANION, Notice.CLOCK_WHILE_POWERED):
        assert lines.count(f"    {WORDS[words][notice]}") == len(SERIALS)


def test_programs_get_the_names(mocker: MockerFixture, companion: Desk) -> None:
    found = json.loads(told(mocker, companion, "--json"))
    assert {device["serial"] for device in found} == set(SERIALS)
    assert [device["notices"] for device in found] == [["companion", "clock_while_powered"]] * len(SERIALS)


def test_every_notice_has_both_languages() -> None:
    assert set(WORDS["ja"]) == set(WORDS["en"]) == set(Notice)
