"""`python -m tests.rig attach` without a kernel that listens: its lines, and what it says where it cannot."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner
from pytest_mock import MockerFixture

from provisioning.settings_file import load_station_settings
from tests.rig.__main__ import rig
from tests.rig.drawer import ROOT_NAME
from tests.rig.fob.factory import Manufacturer
from tests.rig.usb.attach import Cabinet, serve
from tests.rig.usb.families import DEVICES

_KEY: Final = "onlykey:OK-000001"
_STATUS: Final = "hub port sta spd dev      sockfd local_busid\nhs  0007 004 000 00000000 000000 0-0\n"


@pytest.fixture
def controller(tmp_path: Path, mocker: MockerFixture) -> Path:
    """Files as a virtual host controller has them; nobody takes what is written into them."""
    folder = tmp_path / "vhci_hcd.0"
    mocker.patch("tests.rig.usb.controller._CONTROLLER", folder)
    return folder


def told(folder: Path, *lines: str, names: tuple[str, ...] = (_KEY,)) -> list[dict[str, Any]]:
    said = io.StringIO()
    serve(Cabinet(folder / "rig"), names, io.StringIO("".join(f"{line}\n" for line in lines)), said)
    return [json.loads(line) for line in said.getvalue().splitlines()]


def test_what_is_named_is_plugged_in_first_and_then_each_line_is_done(controller: Path, tmp_path: Path) -> None:
    controller.mkdir()
    (controller / "status").write_text(_STATUS, encoding="utf-8")
    answers = told(tmp_path, f"crossed {_KEY}", f"mute-in-write {_KEY}", f"display {_KEY}", f"unplug {_KEY}")
    assert answers == [{"done": None}, {"done": 0}, {"done": None}, {"done": ""}, {"done": None}]
    port, _descriptor, device, speed = (controller / "attach").read_text(encoding="utf-8").split()
    assert (port, device, speed) == ("7", "8", "2")


def test_without_the_controller_it_says_what_brings_it(controller: Path, tmp_path: Path) -> None:
    assert not controller.exists()
    (answer,) = told(tmp_path)
    assert "`modprobe vhci-hcd` as root" in answer["failed"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("hop onlykey:OK-000001", "'hop' is none of crossed, cut, "),
        ("", "none of crossed"),
        ("plug nothing:1", "'nothing' is none of canokey, "),
        ("mute onlykey:OK-000001 soon", "soon"),
    ],
)
def test_a_line_that_cannot_be_done_says_why_and_the_next_one_is_done(
    controller: Path, tmp_path: Path, line: str, why: str
) -> None:
    del controller
    failed, done = told(tmp_path, line, f"display {_KEY}", names=())
    assert why in failed["failed"]
    assert done == {"done": ""}


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_whatever_can_be_plugged_in_can_be_made(controller: Path, tmp_path: Path, name: str) -> None:
    del controller
    serial = {"flipper": "FLIP_KAGI1", "nitroke": "0000A001", "canokey": "0000A001", "librem-": "0000A001"}
    label = serial.get(name.removeprefix("misplaced-")[:7], "1000001")
    assert told(tmp_path, f"make {name}:{label}", f"display {name}:{label}", names=()) == [
        {"done": None},
        {"done": ""},
    ]


def test_a_station_that_is_told_so_trusts_the_rigs_maker(tmp_path: Path) -> None:
    done = CliRunner().invoke(rig, ["trust", "--data", str(tmp_path / "rig")])
    assert done.exit_code == 0
    file = tmp_path / "desk.toml"
    file.write_text(done.output, encoding="utf-8")
    roots = load_station_settings(file).roots
    assert roots == {ROOT_NAME: Manufacturer.in_directory(tmp_path / "rig").root_public}
