"""Processes that die at a given report: a loss of power, for the agent or for whoever else is named."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass, field

from devices.contract import JobResult, Poll, Progress, Work
from devices.server_client import StationServer
from tests.rig.drawer import Drawer


@dataclass
class Killer:
    """Sends SIGKILL to `pid` when report `report` has crossed in the first job after `arm`."""

    pid: int
    report: int
    _armed: threading.Event = field(default_factory=threading.Event)

    def watch(self, drawer: Drawer) -> None:
        """Count the reports of every fob in the drawer."""
        for port in drawer.ports.values():
            port.on_report = self._crossed

    def arm(self) -> None:
        """From now on it may happen: looks at devices before the job do not count."""
        self._armed.set()

    def _crossed(self, number: int) -> None:
        if self._armed.is_set() and number == self.report:
            os.kill(self.pid, signal.SIGKILL)


class ArmedByWork:
    """The real server's client; the killer is armed when the first job comes through it."""

    def __init__(self, server: StationServer, killer: Killer) -> None:
        self._server = server
        self._killer = killer

    def poll(self, poll: Poll) -> Work:
        """Passes on; arms before the agent sees the jobs."""
        work = self._server.poll(poll)
        if work.jobs:
            self._killer.arm()
        return work

    def progress(self, job_id: str, progress: Progress) -> None:
        """Passes on."""
        self._server.progress(job_id, progress)

    def result(self, job_id: str, result: JobResult) -> None:
        """Passes on."""
        self._server.result(job_id, result)
