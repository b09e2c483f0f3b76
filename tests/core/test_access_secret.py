"""What access codes follow from lies sealed beside the vault's keys; only who opens seeds opens it (R47, R51)."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from provisioning.errors import HsmAway, SettingsInvalid, VaultError
from provisioning.settings import VaultSettings
from provisioning.store.access_codes import CONTEXT, AccessSecret, access_code
from provisioning.store.key_folder import KeyFolder
from provisioning.store.vault import SeedContext, SeedOpener
from provisioning.verifier.questions import CANARY_CONTEXT
from tests.fixtures.softhsm import TOKEN_KEK, SoftToken
from tests.fixtures.vaults import halves_of, new_vault

DEVICE = ("yubikey-5", "12345678")


@pytest.fixture
def vault(shared_vault: VaultSettings, tmp_path: Path) -> VaultSettings:
    """A copy that the test may spoil."""
    shutil.copytree(shared_vault.directory, tmp_path / "vault")
    return replace(shared_vault, directory=tmp_path / "vault")


def in_token(vault: VaultSettings) -> tuple[AccessSecret, SeedOpener]:
    """Brought under the key inside the token, which a rotation does (tests/core/test_rotate_kek.py)."""
    sealer, opener = halves_of(vault)
    secret = AccessSecret(sealer.keys)
    secret.rewrap(opener, sealer.in_force())
    assert secret.sealed().kek_id == TOKEN_KEK
    return secret, SeedOpener(sealer.keys, opener.token)


def test_it_is_drawn_once_and_for_its_owner_alone(
    vault: VaultSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sealer, opener = halves_of(vault)
    secret = AccessSecret(sealer.keys)
    code, file = secret.code(opener, *DEVICE), sealer.keys.access_file
    assert len(code) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        secret.draw(sealer)
    assert secret.code(opener, *DEVICE) == code
    another = halves_of(new_vault(tmp_path_factory.mktemp("another")))
    assert AccessSecret(another[0].keys).code(another[1], *DEVICE) != code


def test_it_opens_by_the_vaults_key_alone_whether_in_a_file_or_in_a_token(
    vault: VaultSettings, token_vault: VaultSettings, soft_token: SoftToken
) -> None:
    keys = KeyFolder(vault.directory)
    (vault.directory / "kek-1.key").unlink()
    with pytest.raises(VaultError):
        AccessSecret(keys).code(SeedOpener(keys), *DEVICE)
    before = AccessSecret(KeyFolder(token_vault.directory)).code(halves_of(token_vault)[1], *DEVICE)
    secret, opener = in_token(token_vault)
    (token_vault.directory / "kek-1.key").unlink()
    assert secret.code(opener, *DEVICE) == before
    with pytest.raises(HsmAway):
        secret.code(SeedOpener(secret.keys), *DEVICE)
    soft_token.take_out()
    with pytest.raises(HsmAway):
        secret.code(halves_of(token_vault)[1], *DEVICE)


def test_no_other_question_opens_it(vault: VaultSettings) -> None:
    sealer, opener = halves_of(vault)
    sealed = AccessSecret(sealer.keys).sealed()
    for context in (CANARY_CONTEXT, replace(CONTEXT, seed_version=2), SeedContext("dual", "c" * 32, 1)):
        with pytest.raises(VaultError):
            opener.open(sealed, context)
    assert opener.open(sealed, CONTEXT)


Change = Callable[[str], str]
OTHER_FORMS: tuple[Change, ...] = (
    lambda _: "",
    lambda text: text[:-2],
    lambda text: text + "00",
    lambda text: text.replace("secret 1", "secret 2"),
    lambda text: text.replace("kek-1", "../kek-1"),
    lambda text: text.replace("\nkey ", "\nkey 00"),
    lambda text: text.upper(),
    lambda text: text + "\n" + text,
    lambda text: "ｋ" + text,
)


def test_a_file_of_another_form_is_named_with_what_to_do(vault: VaultSettings) -> None:
    keys = KeyFolder(vault.directory, "kagiya.toml")
    text = keys.access_file.read_text().strip()
    assert AccessSecret(keys).sealed()
    for change in OTHER_FORMS:
        keys.access_file.write_text(change(text))
        with pytest.raises(SettingsInvalid) as invalid:
            AccessSecret(keys).sealed()
        assert (invalid.value.file, invalid.value.key) == ("kagiya.toml", "vault.directory")
        assert str(keys.access_file) in str(invalid.value)
    keys.access_file.unlink()
    with pytest.raises(SettingsInvalid) as missing:
        AccessSecret(keys).sealed()
    assert "Put it back from the backup of the keys" in missing.value.mend


def test_any_changed_digit_opens_nothing(vault: VaultSettings) -> None:
    sealer, _ = halves_of(vault)
    secret = AccessSecret(sealer.keys)
    text = secret.keys.access_file.read_text()
    for line in ("key ", "secret "):
        for place in (0, 70, 119):
            at = text.index("\n" + line) + 1 + len(line) + place
            changed = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
            secret.keys.access_file.write_text(changed)
            with pytest.raises(VaultError):
                secret.code(SeedOpener(secret.keys), *DEVICE)


def test_whoever_asks_hears_nothing_of_a_file_that_is_missing_and_the_operator_does(vault: VaultSettings) -> None:
    _, opener = halves_of(vault)
    opener.keys.access_file.unlink()
    with capture_logs() as logged, pytest.raises(VaultError) as told:
        AccessSecret(opener.keys).code(opener, *DEVICE)
    assert str(told.value) == ""
    (entry,) = logged
    assert str(opener.keys.access_file) in entry["problem"]


def test_it_is_overwritten_when_it_has_served_and_shows_nowhere(
    vault: VaultSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer, opener = halves_of(vault)
    secret, seen = AccessSecret(sealer.keys), list[bytes]()
    opened: list[bytearray] = []
    do_open = SeedOpener.open

    def watched(*given: object) -> bytearray:
        found = do_open(*given)  # type: ignore[arg-type]
        opened.append(found)
        seen.append(bytes(found))
        return found

    monkeypatch.setattr(SeedOpener, "open", watched)
    with capture_logs() as logged:
        code = secret.code(opener, *DEVICE)
    assert opened == [bytes(32)]
    assert code == access_code(seen[0], *DEVICE)
    shown = repr((secret, secret.sealed(), sealer, opener, logged)) + secret.keys.access_file.read_text()
    for hidden in (seen[0], code):
        assert hidden.hex() not in shown
        assert repr(hidden) not in shown
