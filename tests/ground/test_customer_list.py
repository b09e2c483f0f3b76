"""A bank's customers come in one file: all its lines can be used or nobody is entered, and it may be run again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from provisioning.cli.customer import customer
from provisioning.errors import SettingsInvalid
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.databases import sqlite_only

pytestmark = sqlite_only

HEADER = "branch,login_id,user_id,name,name_kana,transfer_limit_yen,password,confirmation_password"
HANAKO = "本店,hanako,123456789012,見本 花子,ミホン ハナコ,1000000,Sakura-2026,Kakunin01"
TARO = "駅前支店,taro,123456789013,見本 太郎,,,Momiji-2026,Kakunin02"

Import = Callable[..., Result]


@pytest.fixture
def entering(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """`kagiya customer import` of these lines."""
    monkeypatch.setattr("provisioning.cli.compose.operator_services", lambda _file: services)

    def go(*lines: str, mode: int = 0o600, options: tuple[str, ...] = ()) -> Result:
        file = tmp_path / "customers.csv"
        file.write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8")
        file.chmod(mode)
        return CliRunner().invoke(customer, ["import", str(file), "--institution", "dual", *options], obj="")

    return go


def entered(services: Services) -> dict[str, str]:
    with services.store.read() as tx:
        return {row.login_id: row.branch for row in tx.scalars(select(Customer))}


def test_everybody_is_entered_and_nobody_twice(entering: Import, services: Services) -> None:
    assert entering(HEADER, HANAKO, options=("--dry-run",)).output == "1 lines, 0 entered, 0 there already\n"
    assert entered(services) == {}
    assert entering(HEADER, HANAKO).output == "1 lines, 1 entered, 0 there already\n"
    again = entering(HEADER, HANAKO, TARO)
    assert (again.exit_code, again.output) == (0, "2 lines, 1 entered, 1 there already\n")
    assert entered(services) == {"hanako": "本店", "taro": "駅前支店"}


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (TARO.replace("123456789013", "12"), "line 3: user_id"),
        (TARO.replace("駅前支店", "月面支店"), "line 3: branch"),
        (TARO.replace("Momiji-2026", "short"), "line 3: password"),
        (TARO.replace(",,,", ",,million,"), "line 3: transfer_limit_yen"),
        (TARO + ",more", "line 3: line"),
    ],
)
def test_one_line_that_cannot_be_used_keeps_everybody_out(
    entering: Import, services: Services, bad: str, told: str
) -> None:
    ended = entering(HEADER, HANAKO, bad)
    assert (ended.exit_code, told in ended.output, "nobody was entered" in ended.output) == (1, True, True)
    assert not {"Sakura-2026", "Momiji-2026", "short"} & set(ended.output.replace(",", " ").split())
    assert entered(services) == {}


def test_whose_name_another_has_is_told_and_the_others_are_entered(entering: Import, services: Services) -> None:
    ended = entering(HEADER, HANAKO, TARO.replace("taro", "hanako"), TARO)
    assert (ended.exit_code, "line 3: " in ended.output) == (1, True)
    assert "1 lines cannot be used; these were not entered" in ended.output
    assert set(entered(services)) == {"hanako", "taro"}


def test_a_file_that_others_may_read_and_one_without_its_columns_are_refused(entering: Import) -> None:
    assert isinstance(entering(HEADER, HANAKO, mode=0o644).exception, SettingsInvalid)
    assert "password" in str(entering("branch,login_id,user_id,name,confirmation_password").exception)
    assert "pin" in str(entering(HEADER + ",pin", HANAKO).exception)
