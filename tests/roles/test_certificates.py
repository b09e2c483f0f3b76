"""`kagiya key certificates`: an authority, a pair for each process, renewal; what does not start."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from provisioning.cli.group import run
from provisioning.cli.role_certificates import http_verifier, role_authority
from provisioning.errors import SettingsInvalid
from provisioning.rules.roles import Role
from provisioning.rules.verifier import ASKING
from provisioning.settings import VerifierSettings
from provisioning.verifier.certificates import certify_roles, fingerprint, make_authority, read_pair, roles_in

HOST = ("--host", "verifier.example", "--host", "192.0.2.7")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the command leaves it."""
    folder = tmp_path_factory.mktemp("made") / "certificates"
    assert run(["key", "certificates", str(folder), *HOST, "--days", "90"]) == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """One to spoil."""
    return Path(shutil.copytree(made, tmp_path / "certificates"))


def certificate(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())


def test_each_role_gets_its_own_and_only_its_owner_reads_the_key(made: Path) -> None:
    for role in ASKING:
        assert roles_in(certificate(made, role)) == {role}
    assert roles_in(certificate(made, "monitor")) == frozenset()
    names = {file.name for file in made.iterdir()}
    assert {"authority.pem", "revoked", "verifier.pem"} <= names
    for key in made.glob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert f"{datetime.now(UTC) + timedelta(days=90):%Y}" == f"{certificate(made, 'bank').not_valid_after_utc:%Y}"


def test_again_it_makes_only_what_is_missing_or_ends_soon(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {name: fingerprint(certificate(folder, name)) for name in ("staff", "bank", "verifier", "authority")}
    (folder / "bank.pem").unlink()
    pair = read_pair((folder / "authority.pem").read_bytes(), (folder / "authority.key").read_bytes())
    soon = certify_roles(pair, "staff", {Role.STAFF}, datetime.now(UTC), timedelta(days=59))
    (folder / "staff.pem").write_text(soon.certificate_pem())
    assert run(["key", "certificates", str(folder), *HOST]) == 0
    told = capsys.readouterr().out
    assert [Path(line.split()[0]).name for line in told.splitlines()] == ["staff.pem", "bank.pem"]
    after = {name: fingerprint(certificate(folder, name)) for name in before}
    assert {name for name in before if before[name] != after[name]} == {"staff", "bank"}
    assert run(["key", "certificates", str(folder), "--renew", "--for", "customer,staff", "--for", "monitor"]) == 0
    assert roles_in(certificate(folder, "customer-staff")) == {Role.CUSTOMER, Role.STAFF}


@pytest.mark.parametrize("wanted", ["worker", "staff,verifier", "teller", ""])
def test_what_is_no_process_gets_none(folder: Path, wanted: str) -> None:
    assert run(["key", "certificates", str(folder), "--for", wanted]) == 2


def test_the_verifiers_needs_to_know_where_it_is(tmp_path: Path) -> None:
    assert run(["key", "certificates", str(tmp_path / "new"), "--for", "verifier"]) == 2


def spoilt_by_another_authority(folder: Path) -> None:
    pair = certify_roles(make_authority(datetime.now(UTC)), "bank", {Role.BANK}, datetime.now(UTC))
    (folder / "bank.pem").write_text(pair.certificate_pem())
    (folder / "bank.key").write_text(pair.key_pem())


def spoilt_by_time(folder: Path) -> None:
    pair = read_pair((folder / "authority.pem").read_bytes(), (folder / "authority.key").read_bytes())
    pair = certify_roles(pair, "bank", {Role.BANK}, datetime.now(UTC) - timedelta(days=9), timedelta(days=8))
    (folder / "bank.pem").write_text(pair.certificate_pem())
    (folder / "bank.key").write_text(pair.key_pem())


def spoilt_by_another_role(folder: Path) -> None:
    for kind in ("pem", "key"):
        shutil.copy2(folder / f"staff.{kind}", folder / f"bank.{kind}")


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda folder: (folder / "bank.pem").unlink(), "cannot be read"),
        (lambda folder: (folder / "bank.key").chmod(0o640), "may be used by others"),
        (lambda folder: (folder / "authority.pem").write_text("no certificate"), "is no certificate of"),
        (lambda folder: shutil.copy2(folder / "staff.pem", folder / "bank.pem"), "is no certificate of"),
        (spoilt_by_another_authority, "is not signed by"),
        (spoilt_by_time, "ended on"),
        (spoilt_by_another_role, "is for staff, this process is bank"),
    ],
)
def test_a_process_does_not_start_with_one_that_nobody_would_believe(
    folder: Path, spoil: Callable[[Path], object], problem: str
) -> None:
    settings = VerifierSettings("https://verifier.example", folder)
    spoil(folder)
    with pytest.raises(SettingsInvalid) as refused:
        http_verifier(settings, frozenset({Role.BANK}))
    assert problem in refused.value.problem
    assert http_verifier(settings, frozenset({Role.WORKER})) is None
    assert http_verifier(settings, frozenset({Role.BANK, Role.VERIFIER})) is None


def test_the_verifier_does_not_start_without_the_list_of_those_revoked(folder: Path) -> None:
    settings, alone = VerifierSettings("", folder), frozenset({Role.VERIFIER})
    assert role_authority(settings, alone) is not None
    assert role_authority(settings, frozenset({Role.VERIFIER, Role.BANK})) is None
    (folder / "revoked").unlink()
    with pytest.raises(SettingsInvalid, match="is not there"):
        role_authority(settings, alone)
