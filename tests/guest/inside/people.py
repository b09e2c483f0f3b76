"""People of the guest who are not root: what they may open, and what the doctor tells them."""

from __future__ import annotations

import os
import pickle
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from tests.guest.inside.desk_file import write_desk_file

T = TypeVar("T")


def run_as(user: str, groups: Iterable[int], *words: str) -> subprocess.CompletedProcess[str]:
    """A command of a person whose session has these groups beside the person's own."""
    person = pwd.getpwnam(user)
    return subprocess.run(
        words,
        user=person.pw_uid,
        group=person.pw_gid,
        extra_groups=list(groups),
        capture_output=True,
        text=True,
        check=False,
    )


def kagiya_as(user: str, groups: Iterable[int], rig: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`kagiya WORDS` of a person, at a desk that trusts the maker of the emulators in `rig`."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    try:
        file = write_desk_file(folder, rig)
        return run_as(user, groups, sys.executable, "-m", "provisioning", "--settings", str(file), *words)
    finally:
        shutil.rmtree(folder)


def may_open(user: str, groups: Iterable[int], nodes: Iterable[Path]) -> set[Path]:
    """The nodes that the person can open for reading and writing: tried, not reckoned."""
    return done_as(user, groups, lambda: set(filter(_opens, nodes)))


def done_as(user: str, groups: Iterable[int], act: Callable[[], T]) -> T:
    """What `act` gives in a process of that person."""
    person = pwd.getpwnam(user)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        answer: Any = None
        try:
            os.setgroups(list(groups))
            os.setgid(person.pw_gid)
            os.setuid(person.pw_uid)
            answer = act()
        finally:
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(answer, pipe)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told: T = pickle.load(pipe)
    os.waitpid(child, 0)
    return told


def _opens(node: Path) -> bool:
    try:
        os.close(os.open(node, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
    except PermissionError:
        return False
    return True
