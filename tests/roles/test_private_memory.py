"""What is in a process's memory stays there: no core file, no tracer, no seed kept by anybody (R51, R71)."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest

from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.resync import ResyncCommand, resync
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from provisioning.store.vault import SealedSeed, SeedContext
from tests.fixtures.databases import sqlite_only
from tests.fixtures.tokens import Token, give_token
from tests.ground.commands import KAGIYA

NOBODY = 65_534
_ACCOUNT = f"""
import ctypes, os
if os.getuid() == 0:
    os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as a program that was started under that account
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # where Yama asks, anybody may trace it
"""
HOLDER = (
    """
from provisioning.private_memory import keep_memory_private
"""
    + _ACCOUNT
    + """
import sys
if sys.argv[1] == "private":
    keep_memory_private()
child = os.fork() if sys.argv[2] == "forked" else os.getpid()  # as servers do
if child:
    print(child, flush=True)
sys.stdin.read()
"""
)
READER = (
    _ACCOUNT
    + """
import sys
try:
    open(f"/proc/{sys.argv[1]}/mem", "rb").close()
    print("open")
except PermissionError:
    print("shut")
attached = ctypes.CDLL(None, use_errno=True).ptrace(16, int(sys.argv[1]), 0, 0)
print("traced" if attached == 0 else "alone")
"""
)


@pytest.mark.parametrize(
    ("kept", "by", "read"),
    [
        ("private", "itself", ["shut", "alone"]),
        ("private", "forked", ["shut", "alone"]),
        ("open", "itself", ["open", "traced"]),
    ],
)
def test_nobody_of_the_same_account_reads_or_traces_it(kept: str, by: str, read: list[str]) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, kept, by], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    pid = holder.stdout.readline().strip()
    reader = subprocess.run([sys.executable, "-c", READER, pid], capture_output=True, text=True, check=True)
    holder.kill()
    holder.communicate()
    assert reader.stdout.split() == read


def test_a_command_that_crashes_leaves_no_core_file(tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    waiting = subprocess.Popen(
        [KAGIYA, "returned-mail"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)),  # noqa: PLW1509 - for this one
    )
    limits = Path(f"/proc/{waiting.pid}/limits")
    while "Max core file size        0                    0 " not in limits.read_text():
        assert waiting.poll() is None
    waiting.send_signal(signal.SIGABRT)
    _, status = os.waitpid(waiting.pid, 0)
    waiting.returncode = -signal.SIGABRT
    assert waiting.stdin is not None
    waiting.stdin.close()
    assert os.WTERMSIG(status) == signal.SIGABRT
    assert not os.WCOREDUMP(status)
    assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True)
class Watched:
    """An opener whose seeds are looked at afterwards."""

    services: Services
    given: list[bytearray] = field(default_factory=list)

    def open(self, sealed: SealedSeed, context: SeedContext) -> bytearray:
        """As the one behind it."""
        assert self.services.opener is not None
        self.given.append(self.services.opener.open(sealed, context))
        return self.given[-1]


def verified(services: Services, token: Token, now: datetime) -> None:
    for code in (token.code(now), token.wrong(now)):
        verify(services, VerifyCommand("dual", token.user_id, code, SYSTEM), now)


def activated(services: Services, token: Token, now: datetime) -> None:
    activate(services, ActivateCommand("dual", token.user_id, token.code(now), SYSTEM), now)


def released(services: Services, token: Token, now: datetime) -> None:
    release(services, ReleaseCommand("dual", token.user_id, token.code(now), None, SYSTEM), now)


def resynchronised(services: Services, token: Token, now: datetime) -> None:
    codes = (token.code(now, 5), token.code(now, 6))
    resync(services, ResyncCommand("dual", token.credential_id, *codes, SYSTEM), now)


@sqlite_only
@pytest.mark.parametrize(
    ("act", "state"),
    [
        (verified, CredentialState.ACTIVE),
        (activated, CredentialState.SET_UP),
        (released, CredentialState.ACTIVE),
        (resynchronised, CredentialState.ACTIVE),
    ],
)
def test_a_seed_is_overwritten_once_a_code_was_judged(
    services: Services,
    customer_a: Customer,
    fob: Fob,
    now: datetime,
    act: Callable[[Services, Token, datetime], None],
    state: CredentialState,
) -> None:
    token = give_token(services, customer_a, now, state, fob)
    watched = Watched(services)
    act(replace(services, opener=watched), token, now)  # type: ignore[arg-type]
    assert watched.given
    for seed in watched.given:
        assert len(seed) == len(token.seed)
        assert not any(seed)
