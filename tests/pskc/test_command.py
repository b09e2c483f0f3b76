"""An operator imports a maker's box and exports what is left of it by `kagiya stock`."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from provisioning.cli.group import run
from provisioning.pskc.reader import read_pskc
from provisioning.pskc.writer import write_pskc
from provisioning.secret_files import write_secret
from tests.ground.settings_files import write_settings
from tests.pskc.conftest import ITERATIONS, PASSPHRASE, key
from tests.pskc.figures import FIGURE_6, SHARED_KEY


def test_a_box_is_looked_into_imported_and_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = ("--settings", str(write_settings(tmp_path)))
    assert run([*server, "db", "upgrade"]) == 0
    box, out = tmp_path / "box.pskc", tmp_path / "rest.pskc"
    box.write_bytes(write_pskc([key("A1"), key("A2")], PASSPHRASE, ITERATIONS))
    passphrase = tmp_path / "passphrase"
    write_secret(passphrase, PASSPHRASE.text)
    opened = ("--institution", "dual", "--passphrase-file", str(passphrase))
    capsys.readouterr()
    assert run([*server, "stock", "import", str(box), *opened, "--dry-run"]) == 0
    shown = "2 fobs would be imported, A1 to A2\n  Acme: 2 TOTP, SHA1, 8 digits, 60 s\n"
    assert capsys.readouterr().out == shown
    assert run([*server, "stock", "import", str(box), *opened]) == 0
    assert capsys.readouterr().out.startswith("2 fobs imported, A1 to A2")
    assert run([*server, "stock", "import", str(box), *opened]) == 1
    told = capsys.readouterr()
    assert told.err == (
        f"kagiya: {box}: nothing was imported: key 1 (serial A1) is of a serial number that is in stock already;"
        " and 1 more, see --dry-run\n"
    )
    assert run([*server, "stock", "import", str(box), *opened, "--dry-run"]) == 1
    assert "in the way: key 2 (serial A2)" in capsys.readouterr().out
    assert run([*server, "stock", "export", str(out), *opened]) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [found.serial for found in read_pskc(out.read_bytes(), PASSPHRASE).keys] == ["A1", "A2"]
    assert run([*server, "stock", "export", str(out), *opened]) == 1


def test_what_cannot_be_imported_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = ("--settings", str(write_settings(tmp_path)))
    assert run([*server, "db", "upgrade"]) == 0
    box, keys = tmp_path / "box.pskc", tmp_path / "file.key"
    box.write_bytes(FIGURE_6.but(value_mac="Su+NvtQfmvfJzF6bmQiJqoLREx4="))
    write_secret(keys, SHARED_KEY.hex())
    into = [*server, "stock", "import", str(box), "--institution", "dual"]
    capsys.readouterr()
    assert run([*into, "--key-file", str(keys)]) == 1
    told = capsys.readouterr().err
    assert "key 1 (serial 987654321) was changed, or the passphrase or key is wrong" in told
    assert told.count("\n") == 1
    assert run(into) == run([*into, "--key-file", str(keys), "--passphrase-file", str(keys)]) == 2
    assert run([*into, "--passphrase-file", str(keys)]) == 1
    write_secret(tmp_path / "odd.key", "00" * 20)
    assert run([*into, "--key-file", str(tmp_path / "odd.key")]) == 1
    keys.chmod(0o644)
    assert run([*into, "--key-file", str(keys)]) == 1
    assert "may be used by others" in capsys.readouterr().err
