"""Processes that die at a given report: a loss of power, for the agent or for whoever else is named."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
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

    def arm(self, _work: Work) -> None:
        """From now on it may happen: looks at devices before the job do not count."""
        self._armed.set()

    def _crossed(self, number: int) -> None:
        if self._armed.is_set() and number == self.report:
            self._armed.clear()
            os.kill(self.pid, signal.SIGKILL)


class WatchedServer:
    """The real server's client; `on_work` is called before the agent sees the jobs that come through it."""

    def __init__(self, server: StationServer, on_work: Callable[[Work], None]) -> None:
        self._server = server
        self.on_work = on_work

    def poll(self, poll: Poll) -> Work:
        """Passes on."""
        work = self._server.poll(poll)
        if work.jobs:
            self.on_work(work)
        return work

    def progress(self, job_id: str, progress: Progress) -> None:
        """Passes on."""
        self._server.progress(job_id, progress)

    def result(self, job_id: str, result: JobResult) -> None:
        """Passes on."""
        self._server.result(job_id, result)
