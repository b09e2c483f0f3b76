"""A key among custodians: the documented ceremony walked, and everything that one of them could try (R49)."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from provisioning.cli import group
from provisioning.cli.keys import make_signing_key
from provisioning.rules.key_share import parse_share
from provisioning.rules.secret_sharing import divide, join, multiply, split
from provisioning.secret_files import write_secret

DOCUMENT: Final = (Path(__file__).parents[2] / "docs" / "key-ceremony.md").read_text(encoding="utf-8")
KEK: Final = "kek-2026-2"
PEOPLE: Final = {"custodian-1": "yamada", "custodian-2": "suzuki", "custodian-3": "sato", "witness": "kansa"}


def blocks(kind: str) -> list[str]:
    """What stands between fences of that kind, in order."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    return [text for found, text in fenced if found == kind]


COMMANDS: Final = [line for block in blocks("") for line in block.splitlines()]
PLAN, JOIN = blocks("toml")


class Table:
    """A machine with everybody's media."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        for name in PEOPLE:
            (folder / name).mkdir(mode=0o755)
        self.write("plan.toml", PLAN)
        self.write("join.toml", JOIN)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def run(self, command: str) -> tuple[int, str, str]:
        """A documented command, in this folder: exit code, output, what it complains of."""
        program, *arguments = shlex.split(command)
        assert program == "kagiya"
        code = group.run(arguments)
        told = self.capsys.readouterr()
        return code, told.out, told.err

    def done(self, command: str) -> str:
        code, out, err = self.run(command)
        assert code == 0, err
        return out

    def refused(self, command: str) -> str:
        code, _, err = self.run(command)
        assert (code, err.count("\n")) == (1, 1)
        return err

    def share(self, number: int) -> Path:
        return self.folder / f"custodian-{number}" / f"{KEK}.share"

    @property
    def key(self) -> Path:
        return self.folder / "vault" / f"{KEK}.key"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Table]:
    monkeypatch.chdir(tmp_path)
    before = os.umask(0o022)
    yield Table(tmp_path, capsys)
    os.umask(before)


@pytest.fixture
def held(table: Table) -> Table:
    """After the key was made and split."""
    for folder, name in PEOPLE.items():
        make_signing_key(table.folder / folder, name)
    table.done("kagiya key ceremony split plan.toml")
    return table


def test_the_ceremony_is_walked_as_it_is_documented(table: Table) -> None:
    ceremony = [command for command in COMMANDS if " rotate " not in command and " status" not in command]
    assert len(COMMANDS) == len(ceremony) + 2
    told = [table.done(command) for command in ceremony[:5]]
    assert not table.key.exists()
    table.done(ceremony[5])
    table.done(ceremony[6])
    private = X25519PrivateKey.from_private_bytes(bytes.fromhex(table.key.read_text()))
    assert private.public_key().public_bytes_raw().hex() in (table.folder / "vault" / f"{KEK}.pub").read_text()
    for number in (1, 2, 3):
        share = parse_share(table.share(number).read_text())
        assert share.check_value in told[4]
        assert table.share(number).stat().st_mode & 0o777 == 0o600
    for name, people in ((f"{KEK}.minutes", 4), (f"{KEK}-joined.minutes", 3)):
        minutes = (table.folder / name).read_text()
        assert minutes.count("\nsigned: ") == people
        assert all(word in minutes for word in (KEK, "山田 太郎", "監査 三郎", "check value", "押印"))
        # no secret, in whatever form
        for secret in (table.key.read_text().strip(), *(_digits(table.share(number)) for number in (1, 2, 3))):
            assert secret not in minutes
            assert secret not in "".join(told)


def _digits(share: Path) -> str:
    return share.read_text().splitlines()[5]


@pytest.mark.parametrize("present", list(combinations((1, 2, 3), 2)))
def test_any_two_of_three_have_the_key(held: Table, present: tuple[int, int]) -> None:
    people = list(PEOPLE.items())
    text = JOIN
    for written, there in zip((1, 3), present, strict=True):
        (medium, name), (other_medium, other) = people[written - 1], people[there - 1]
        # marked, so that the second exchange does not meet the first one's outcome
        text = text.replace(medium, f"<{other_medium}>").replace(f"{name}.key", f"<{other}>.key")
    held.write("join.toml", re.sub("[<>]", "", text))
    held.done("kagiya key ceremony join join.toml")
    assert held.key.exists()


def one_alone(table: Table) -> None:
    begin, end = JOIN.rindex("[[custodian]]"), JOIN.index("[[witness]]")
    table.write("join.toml", JOIN[:begin] + JOIN[end:])


def the_same_twice(table: Table) -> None:
    table.share(3).write_text(table.share(1).read_text())


def mistyped(table: Table) -> None:
    digits = _digits(table.share(3))
    other = "B" if digits[0] == "A" else "A"
    table.share(3).write_text(table.share(3).read_text().replace(digits, other + digits[1:]))


def relabelled(table: Table) -> None:
    table.share(3).write_text(table.share(3).read_text().replace("share: 3 of 3", "share: 2 of 3"))


def of_another_splitting(table: Table) -> None:
    others = {number: table.share(number).read_text() for number in (1, 2, 3)}
    for file in (*(table.share(number) for number in (1, 2, 3)), table.folder / f"{KEK}.minutes"):
        file.unlink()
    (table.folder / "vault" / f"{KEK}.pub").unlink()
    table.done("kagiya key ceremony split plan.toml")
    table.share(3).write_text(others[3])


def of_another_key(table: Table) -> None:
    table.write("join.toml", JOIN.replace(f'kek_id = "{KEK}"', 'kek_id = "kek-2026-3"'))


def lost(table: Table) -> None:
    table.share(3).unlink()


def of_an_exchanged_public_half(table: Table) -> None:
    public = X25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    (table.folder / "vault" / f"{KEK}.pub").write_text(public)


@pytest.mark.parametrize(
    ("tried", "told"),
    [
        (one_alone, "must be 2 people or more"),
        (the_same_twice, "one of them is there twice"),
        (mistyped, "is mistyped: its check value is another"),
        (relabelled, "is mistyped: its check value is another"),
        (of_another_splitting, "not shares of one splitting"),
        (of_another_key, "not shares of one splitting"),
        (lost, "cannot be read"),
        (of_an_exchanged_public_half, "do not give the key"),
    ],
)
def test_shares_that_are_not_enough_or_not_the_ones_give_nothing(
    held: Table, tried: Callable[[Table], None], told: str
) -> None:
    tried(held)
    assert told in held.refused("kagiya key ceremony join join.toml")
    assert not held.key.exists()
    assert not (held.folder / f"{KEK}-joined.minutes").exists()


def test_two_are_too_few_where_three_are_needed(table: Table) -> None:
    for folder, name in PEOPLE.items():
        make_signing_key(table.folder / folder, name)
    table.write("plan.toml", PLAN.replace("needed = 2", "needed = 3"))
    table.done("kagiya key ceremony split plan.toml")
    assert "are 2, and 3 shares are needed" in table.refused("kagiya key ceremony join join.toml")


def test_what_a_custodian_types_from_paper_need_not_be_pretty(held: Table) -> None:
    lines = held.share(1).read_text().splitlines()
    typed = [f"  {line.lower().replace('-', ' ')}" if re.fullmatch("[A-Z2-7-]+", line) else line for line in lines]
    assert typed != lines
    held.share(1).write_text("\n\n".join(typed))
    held.done("kagiya key ceremony join join.toml")


def test_a_key_in_use_gets_its_custodians(table: Table) -> None:
    table.key.parent.mkdir()
    for folder, name in PEOPLE.items():
        make_signing_key(table.folder / folder, name)
    private = X25519PrivateKey.generate()
    write_secret(table.key, private.private_bytes_raw().hex())
    public = table.folder / "vault" / f"{KEK}.pub"
    public.write_text(private.public_key().public_bytes_raw().hex())
    public.chmod(0o644)
    assert "split from its file" in table.done("kagiya key ceremony split plan.toml")
    kept = table.key.read_text()
    table.key.unlink()
    assert "its private half is not" in table.refused("kagiya key ceremony split plan.toml")
    table.done("kagiya key ceremony join join.toml")
    assert table.key.read_text() == kept


def test_a_medium_that_is_full_leaves_nothing_behind(table: Table) -> None:
    for folder, name in PEOPLE.items():
        make_signing_key(table.folder / folder, name)
    table.share(3).write_text("something else")
    table.refused("kagiya key ceremony split plan.toml")
    left = {file.name for file in table.folder.rglob("*") if KEK in file.name}
    assert left == {f"{KEK}.share"}
    assert table.share(3).read_text() == "something else"


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("needed = 2", "needed = 1", "needed"),
        ("needed = 2", "needed = 4", "needed"),
        ('"鈴木 花子"', '"山田 太郎"', "names"),
        ("custodian-2/kek", "custodian-1/kek", "shares"),
        ("custodian-2/suzuki.key", "custodian-1/yamada.key", "signing keys"),
        (f'"{KEK}"', '"../kek"', "kek_id"),
    ],
)
def test_a_plan_by_which_one_could_have_it_all_is_refused(
    table: Table, written: str, instead: str, told: str
) -> None:
    assert written in PLAN
    table.write("plan.toml", PLAN.replace(written, instead, 1))
    assert told in table.refused("kagiya key ceremony split plan.toml")


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("山田 太郎: check", "別の 者: check"),
        ("本店", "支店"),
        ("signed: 山田 太郎", "signed: 別の 者"),
        (" needed, ", " needed,  "),
    ],
)
def test_minutes_that_were_changed_do_not_verify(held: Table, written: str, instead: str) -> None:
    verify = next(command for command in COMMANDS if " verify " in command)
    held.done(verify)
    # everybody who was there, and nobody else
    assert "were not signed by" in held.refused(verify.replace(" witness/kansa.pub", ""))
    minutes = held.folder / f"{KEK}.minutes"
    assert written in minutes.read_text()
    minutes.write_text(minutes.read_text().replace(written, instead, 1))
    assert "were changed after" in held.refused(verify)


def test_minutes_have_nothing_that_was_not_signed(held: Table) -> None:
    verify = next(command for command in COMMANDS if " verify " in command)
    minutes = held.folder / f"{KEK}.minutes"
    minutes.write_text(minutes.read_text() + "witness: 別の 者\n")
    assert "have something that nobody signed" in held.refused(verify)


BYTES = st.integers(0, 255)


@given(BYTES, BYTES, BYTES)
def test_the_field_is_that_of_aes(a: int, b: int, c: int) -> None:
    # FIPS 197 §4.2
    assert multiply(0x57, 0x83) == 0xC1
    assert multiply(a, b) == multiply(b, a)
    assert multiply(a, b ^ c) == multiply(a, b) ^ multiply(a, c)
    assert multiply(multiply(a, b), c) == multiply(a, multiply(b, c))
    assert b == 0 or multiply(divide(a, b), b) == a


@given(st.binary(min_size=1, max_size=40), st.data())
def test_enough_shares_give_the_secret_whichever_they_are(secret: bytes, data: st.DataObject) -> None:
    needed = data.draw(st.integers(2, 5))
    shares = split(secret, needed, data.draw(st.integers(needed, 9)))
    some = data.draw(st.permutations(list(shares)))[: data.draw(st.integers(needed, len(shares)))]
    assert join({number: shares[number] for number in some}) == secret


def test_one_share_too_few_fits_every_secret_equally() -> None:
    """Whatever a custodian holds, each secret would have given it in exactly one way."""
    every = bytes(range(256))
    for secret in (0, 7, 255):
        shares = split(bytes([secret]) * 256, 2, 9, lambda _: every)
        assert all(sorted(share) == list(every) for share in shares.values())


@pytest.mark.parametrize(("needed", "number"), [(1, 3), (0, 3), (4, 3), (2, 256)])
def test_a_secret_is_never_split_so_that_one_has_it(needed: int, number: int) -> None:
    with pytest.raises(ValueError):
        split(b"secret", needed, number)
