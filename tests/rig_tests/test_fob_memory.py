"""The emulated fob's memory: a loss of power at any instant leaves the old credential or the new (§8)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.fob.device import EmulatedFob
from tests.rig.fob.flash import PAGE_BYTES, Flash, FlashStep
from tests.rig.fob.status import Status
from tests.rig_tests.conftest import World
from tests.rig_tests.host import ERASE, HOTP_6, PROVE, READ_CODE, SEED, STAGE, TOTP_8_60, Host

NEW_SEED = bytes(range(100, 120))
SwitchOn = Callable[[], EmulatedFob]


class PowerLost(Exception):
    """Raised by the test in the middle of a commit."""


def _lose_power_at(fob: EmulatedFob, instant: FlashStep) -> None:
    def step(now: FlashStep) -> None:
        if now is instant:
            raise PowerLost

    fob.parts.flash.on_step = step


def _seed(fob: EmulatedFob) -> bytes | None:
    held = fob.parts.flash.record.credential
    return held.seed if held else None


@pytest.mark.parametrize("instant", FlashStep)
def test_a_commit_cut_short_leaves_old_or_new(fob: EmulatedFob, switch_on: SwitchOn, instant: FlashStep) -> None:
    assert Host.open(fob.answer).write() == Status.OK
    _lose_power_at(fob, instant)
    with pytest.raises(PowerLost):
        Host.open(fob.answer).write(seed=NEW_SEED, generation=1)
    again = switch_on()
    expected = (2, NEW_SEED) if instant in (FlashStep.WRITTEN, FlashStep.OLD_DESTROYED) else (1, SEED)
    assert (again.parts.flash.record.generation, _seed(again)) == expected
    assert not again.session_open


def _bytes_written(fob: EmulatedFob, file: Path, act: Callable[[Host], object]) -> list[bytes]:
    """The flash after each single byte that `act` writes, in order."""
    images, real = [file.read_bytes()], os.pwrite

    def one_by_one(descriptor: int, data: bytes, offset: int) -> int:
        for place in range(len(data)):
            real(descriptor, data[place : place + 1], offset + place)
            images.append(file.read_bytes())
        return len(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwrite", one_by_one)
        act(Host.open(fob.answer))
    return images


def test_power_lost_at_any_byte_leaves_old_or_new_and_never_a_mixture(fob: EmulatedFob, tmp_path: Path) -> None:
    file = tmp_path / "fob" / "flash.bin"
    acts: list[Callable[[Host], object]] = [
        lambda host: host.write(),
        lambda host: host.write(seed=NEW_SEED, generation=1),
        lambda host: host.run(ERASE, b"\x01\0\0\0\x02"),
        lambda host: host.write(HOTP_6, SEED, 3),
    ]
    for generation, act in enumerate(acts):
        images = _bytes_written(fob, file, act)
        old, new = (Flash(_copy(tmp_path, image)).record for image in (images[0], images[-1]))
        assert (old.generation, new.generation) == (generation, generation + 1)
        assert len(images) > PAGE_BYTES
        turned = [Flash(_copy(tmp_path, image)).record for image in images]
        assert turned == sorted(turned, key=lambda record: record.generation), "it never turns back"
        assert {record.generation: record for record in turned} == {old.generation: old, new.generation: new}
        assert all(record in (old, new) for record in turned)


def _copy(directory: Path, image: bytes) -> Path:
    """A fob's flash as it was at one instant."""
    file = directory / "instant.bin"
    file.write_bytes(image)
    return file


@pytest.mark.parametrize("instant", FlashStep)
def test_after_any_loss_of_power_the_next_write_works(
    fob: EmulatedFob, switch_on: SwitchOn, instant: FlashStep
) -> None:
    _lose_power_at(fob, instant)
    with pytest.raises(PowerLost):
        Host.open(fob.answer).write()
    again = switch_on()
    generation = again.parts.flash.record.generation
    assert Host.open(again.answer).write(seed=NEW_SEED, generation=generation) == Status.OK
    assert _seed(switch_on()) == NEW_SEED


def test_an_old_seed_is_nowhere_in_the_flash(fob: EmulatedFob, tmp_path: Path) -> None:
    file = tmp_path / "fob" / "flash.bin"
    Host.open(fob.answer).write()
    assert SEED in file.read_bytes()
    Host.open(fob.answer).write(seed=NEW_SEED, generation=1)
    assert SEED not in file.read_bytes()
    assert Host.open(fob.answer).run(ERASE, b"\x01\0\0\0\x02")[0] == Status.OK
    assert NEW_SEED not in file.read_bytes()


def test_a_start_destroys_the_old_seed_that_a_loss_of_power_left(
    fob: EmulatedFob, switch_on: SwitchOn, tmp_path: Path
) -> None:
    Host.open(fob.answer).write()
    _lose_power_at(fob, FlashStep.WRITTEN)
    with pytest.raises(PowerLost):
        Host.open(fob.answer).write(seed=NEW_SEED, generation=1)
    switch_on()
    assert SEED not in (tmp_path / "fob" / "flash.bin").read_bytes()


def test_what_was_only_staged_is_gone(fob: EmulatedFob, switch_on: SwitchOn) -> None:
    host = Host.open(fob.answer)
    host.run(STAGE, TOTP_8_60 + SEED)
    host.run(PROVE, bytes(32))
    again = switch_on()
    assert again.parts.flash.record.generation == 0
    assert host.ask(host.sealed(b"\x16"))[2] == Status.OK, "the fob that kept its power goes on"
    assert again.answer(host.sealed(b"\x16"))[2] == Status.NO_SESSION


def test_the_clock_runs_on_through_a_loss_of_power(fob: EmulatedFob, switch_on: SwitchOn, world: World) -> None:
    fob.parts.clock.set(world.unix_time + 4)
    world.unix_time += 3600
    assert switch_on().parts.clock.unix_time() == world.unix_time + 4


def test_a_changed_battery_stops_the_clock_and_the_codes(fob: EmulatedFob) -> None:
    Host.open(fob.answer).write()
    fob.lose_host()
    assert len(fob.display().text) == 8
    fob.parts.clock.change_battery()
    assert fob.display().text == ""
    assert fob.parts.clock.unix_time() == 0


def test_a_counter_never_goes_back(fob: EmulatedFob, switch_on: SwitchOn) -> None:
    host = Host.open(fob.answer)
    assert host.write(HOTP_6) == Status.OK
    first = host.run(READ_CODE, b"\x01")[1][8:].decode()
    fob.lose_host()
    assert fob.display().text == ""
    fob.press()
    held = fob.parts.flash.record.credential
    assert held is not None
    assert (first, fob.display().text) == (held.code(5), held.code(6))
    again = switch_on()
    again.press()
    assert again.display().text == held.code(7)


def test_a_new_credential_starts_its_own_counter(fob: EmulatedFob) -> None:
    Host.open(fob.answer).write(HOTP_6)
    fob.lose_host()
    fob.press()
    host = Host.open(fob.answer)
    assert host.write(HOTP_6, NEW_SEED, 1) == Status.OK
    held = fob.parts.flash.record.credential
    assert held is not None
    assert host.run(READ_CODE, b"\x01")[1][8:].decode() == held.code(5)


def test_the_display_is_blank_while_a_session_is_open(fob: EmulatedFob, world: World) -> None:
    host = Host.open(fob.answer)
    host.write()
    assert fob.display().text == ""
    host.run(0x1F)
    shown = fob.display()
    held = fob.parts.flash.record.credential
    assert held is not None
    assert shown.text == held.code(world.unix_time // 60)
    assert shown.seconds_left == 60 - world.unix_time % 60
    world.unix_time += 60
    assert fob.display().text == held.code(world.unix_time // 60)
