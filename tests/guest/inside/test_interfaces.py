"""Devices with more interfaces than the one that is meant."""

from __future__ import annotations

from pathlib import Path

from tests.guest.inside.bench import Bench
from tests.guest.inside.counter import until
from tests.guest.inside.nodes import nodes_of, openings


def test_the_keyboard_beside_the_right_interface_is_left_alone(bench: Bench) -> None:
    with openings() as opened:
        device = bench.new("kagiya-beside-keyboard")
        bench.stock(device)
        bench.issue(device)
        bench.prove(device)
        assert len(list(Path("/dev").glob("hidraw*"))) == 2
        assert opened.hidraw() == {node.path for _, node in nodes_of("kagiya-fob")}


def test_the_right_ids_at_another_interface_are_no_fob(bench: Bench) -> None:
    with openings() as opened:
        bench.new("kagiya-behind-keyboard")
        until(lambda: len(list(Path("/dev").glob("hidraw*"))) == 2, "its nodes are there")
        # a device that is one is seen in the same rounds
        beside = bench.new("kagiya-fob")
        until(lambda: bench.is_usable(beside), "the station has looked")
        assert [one["serial"] for one in bench.counter.devices()] == [beside.serial]
        assert len(opened.hidraw()) == 1
