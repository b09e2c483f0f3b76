"""The rules and the group of the product on the guest, as an operator installs them, and away again."""

from __future__ import annotations

import grp
import os
import re
import subprocess
from pathlib import Path

from devices import udev
from devices.links.rule import GROUP, RULES_FILE
from devices.profile_files import load_profiles


def install_rules(text: str = "") -> None:
    """`kagiya udev | sudo tee …` and `udevadm control --reload`."""
    Path(RULES_FILE).write_text(text or udev.render(load_profiles()), encoding="utf-8")
    reload_rules()


def reload_rules() -> None:
    """For devices that are plugged in from now on."""
    _run("udevadm", "control", "--reload")


def add_group(*members: str) -> int:
    """`groupadd --system`, `usermod -aG`; the group's number."""
    _run("groupadd", "--system", GROUP)
    for member in members:
        _run("usermod", "-aG", GROUP, member)
    reload_rules()
    return grp.getgrnam(GROUP).gr_gid


def run_mend(sentence: str) -> None:
    """Type what a sentence of the doctor says between backticks, as somebody who may use sudo.

    `kagiya udev` is spared its start: what it would print is there.
    """
    shims = Path("/run/shims")
    shims.mkdir(exist_ok=True)
    (shims / "rules").write_text(udev.render(load_profiles()), encoding="utf-8")
    for name, words in {"sudo": '"$@"', "kagiya": f"cat {shims / 'rules'}"}.items():
        (shims / name).write_text(f"#!/bin/sh\nexec {words}\n")
        (shims / name).chmod(0o755)
    for typed in re.findall("`([^`]+)`", sentence):
        environment = {**os.environ, "PATH": f"{shims}:{os.environ['PATH']}"}
        subprocess.run(["sh", "-c", typed], env=environment, check=True, capture_output=True)


def remove_all() -> None:
    """As nobody had ever heard of the product."""
    Path(RULES_FILE).unlink(missing_ok=True)
    subprocess.run(["groupdel", GROUP], capture_output=True, check=False)
    reload_rules()


def udev_says(node: Path) -> dict[str, str]:
    """udev's properties of a node."""
    told = subprocess.run(
        ["udevadm", "info", "--query=property", f"--name={node}"], capture_output=True, text=True, check=True
    ).stdout
    return dict(line.split("=", 1) for line in told.splitlines())


def settled(*nodes: Path) -> None:
    """udev has done what it knows of, and knows of these: the kernel makes a node before it tells udev."""
    if nodes:
        _run("udevadm", "wait", "--settle", "--timeout=60", *map(str, nodes))
    else:
        _run("udevadm", "settle", "--timeout=60")


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
