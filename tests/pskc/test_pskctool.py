"""Debian's `pskctool` (oath-toolkit) and our files. It knows no encryption: of a file under a key it shows and
validates everything but the secrets, and says that its output may be incomplete. That our secrets can be opened by
others is shown with python-pskc (test_hostile, test_reader).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provisioning.pskc.ciphers import FileKey, Passphrase, SharedKey
from provisioning.pskc.reader import read_pskc
from provisioning.pskc.writer import write_pskc
from provisioning.pskc_refusals import PskcFault
from tests.pskc.conftest import HOTP, ITERATIONS, PASSPHRASE, key
from tests.pskc.figures import FIGURE_6, FIGURE_7, SHARED_KEY
from tests.pskc.figures import PASSPHRASE as WORD_OF_THE_FIGURE
from tests.pskc.test_reader import refusal

OURS = write_pskc([key("A1", drift_steps=4), key("A2", HOTP, next_counter=7)], PASSPHRASE, ITERATIONS)


def pskctool(file: Path, *options: str) -> str:
    """What it says."""
    done = subprocess.run(["pskctool", *options, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    return done.stdout


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A file of ours."""
    file = tmp_path / "export.pskc"
    file.write_bytes(OURS)
    return file


def test_an_export_is_valid_by_the_standards_schema_and_shows_what_it_holds(export: Path) -> None:
    assert pskctool(export, "--validate") == "OK\n"
    shown = [line.strip() for line in pskctool(export, "--info").splitlines()]
    for told in (
        "SerialNo: A1", "Manufacturer: Acme", "Model: C200", "Key TimeInterval: 60", "Key TimeDrift: 4",
        "SerialNo: A2", "Key Counter: 7", "Response Format Length: 8", "Key Usage: OTP",
        "Algorithm: urn:ietf:params:xml:ns:keyprov:pskc:totp", "Algorithm Parameters Suite: HMAC-SHA1",
    ):  # fmt: skip
        assert told in shown
    assert not any("Secret" in line for line in shown)


@pytest.mark.parametrize(
    ("file", "given"),
    [
        (OURS, PASSPHRASE),
        (FIGURE_6.file(), SharedKey(SHARED_KEY)),
        (FIGURE_7.file(), Passphrase(WORD_OF_THE_FIGURE)),
    ],
    ids=["ours", "figure 6", "figure 7"],
)
def test_what_it_writes_anew_is_read_as_before(file: bytes, given: FileKey, tmp_path: Path) -> None:
    place = tmp_path / "file.pskc"
    place.write_bytes(file)
    told = pskctool(place, "--info", "--verbose")
    anew = told[told.index("<?xml") :].encode()
    assert anew != file
    assert read_pskc(anew, given) == read_pskc(file, given)


def test_a_file_whose_secret_it_can_show_is_none_for_us(tmp_path: Path) -> None:
    plain = FIGURE_6.but(secret="<PlainValue>MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=</PlainValue>")
    file = tmp_path / "plain.pskc"
    file.write_bytes(plain)
    assert "Key Secret (base64): MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=" in pskctool(file, "--info")
    assert refusal(plain).fault is PskcFault.PLAIN_SECRET
