"""Exit codes: 0 done, 1 refused or failed with one clear line on standard error, 2 wrong usage."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command as alembic
from sqlalchemy import create_engine

from provisioning import migrations
from provisioning.cli.group import COMMANDS, run
from provisioning.settings_file import load_store_settings
from tests.ground.commands import run_kagiya
from tests.ground.settings_files import write_settings


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("serve",),
        ("serve", "--role", "janitor"),
        ("serve", "--role", "worker"),
        ("serve", "--role", "bank", "--bind", "everywhere"),
        ("serve", "--role", "bank", "--bind", "127.0.0.1:99999"),
        ("serve", "--role", "bank", "--workers", "0"),
        ("db", "downgrade"),
        ("--colour", "db"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...]) -> None:
    ended = run_kagiya(*arguments)
    assert ended.returncode == 2
    assert "Usage: kagiya" in ended.stderr
    assert not ended.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("serve", "--role", "bank"), "kagiya.toml: (whole file): cannot be read: No such file or directory"),
        (("db", "upgrade"), "kagiya.toml: (whole file): cannot be read"),
        (("institutions", "check", "nowhere.toml"), "nowhere.toml: (whole file): cannot be read"),
    ],
)
def test_a_failure_is_1_and_one_line(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    ended = run_kagiya("--settings", str(tmp_path / "kagiya.toml"), *arguments)
    assert ended.returncode == 1
    assert says in ended.stderr
    assert ended.stderr.startswith("kagiya: ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(name: str) -> None:
    ended = run_kagiya(name, "--help")
    assert ended.returncode == 0, ended.stderr
    assert f"Usage: kagiya {name}" in ended.stdout


def test_a_new_server_from_nothing(tmp_path: Path) -> None:
    made = run_kagiya("key", "make", str(tmp_path / "fresh"))
    assert made.returncode == 0
    for line in made.stdout.splitlines():
        assert stat.S_IMODE(Path(line).stat().st_mode) in (0o600, 0o644)
    assert stat.S_IMODE((tmp_path / "fresh" / "vault" / "kek-1.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "fresh" / "vault" / "kek-1.pub").stat().st_mode) == 0o644
    again = run_kagiya("key", "make", str(tmp_path / "fresh"))
    assert again.returncode == 1
    assert "keys are never replaced" in again.stderr

    settings = ("--settings", str(write_settings(tmp_path)))
    assert run_kagiya(*settings, "db", "current").stdout.startswith("none (this program needs")
    assert run_kagiya(*settings, "db", "upgrade").returncode == 0
    assert re.fullmatch(r"\w+\n", run_kagiya(*settings, "db", "current").stdout)
    assert stat.S_IMODE((tmp_path / "kagiya.db").stat().st_mode) == 0o600

    whose = ("--institution", "dual", "--branch", "本店")
    added = run_kagiya(*settings, "staff", "add", *whose, "--name", "窓口 花子", "--role", "teller")
    assert added.returncode == 0, added.stderr
    link = run_kagiya(*settings, "staff", "link", added.stdout.strip())
    assert link.stdout.startswith("https://otp.example.co.jp/staff/welcome/#")
    key = run_kagiya(*settings, "bank-client", "add", "--institution", "dual", "--name", "勘定系")
    assert len(key.stdout.strip()) >= 43
    code = run_kagiya(*settings, "station", "code", *whose, "--name", "窓口1")
    assert re.fullmatch(r"([A-Z2-9]{4}-){4}[A-Z2-9]{4}\n", code.stdout)
    wrong = run_kagiya(
        *settings, "staff", "add", *whose[:2], "--branch", "月面支店", "--name", "x", "--role", "teller"
    )
    assert (wrong.returncode, wrong.stderr) == (1, "kagiya: branch is not offered by this institution\n")


def test_the_desks_commands_import_no_database() -> None:
    program = (
        "import sys; from provisioning.cli.group import run; code = run(sys.argv[1:]); "
        "heavy = [name for name in ('sqlalchemy', 'flask', 'psycopg', 'alembic') if name in sys.modules]; "
        "sys.exit(3 if heavy else code)"
    )
    for command in (
        ["station", "run", "--help"],
        ["devices", "--json"],
        ["doctor"],
        ["udev"],
        ["profiles", "check"],
    ):
        ended = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, check=False)
        assert ended.returncode in (0, 1), (command, ended.stderr)


def test_an_upgrade_says_that_what_still_runs_does_not_know_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_settings(tmp_path)
    upgrade = ["--settings", str(file), "db", "upgrade"]
    assert run(upgrade) == 0
    assert capsys.readouterr().err == "", "nothing runs on a new database"
    engine = create_engine(load_store_settings(file).url)
    with engine.begin() as connection:
        alembic.downgrade(migrations.configuration(connection), "0014")
    engine.dispose()
    assert run(upgrade) == 0
    assert "was 0014; what still runs of the older version" in capsys.readouterr().err
