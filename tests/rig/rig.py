"""One rig: clock, mail catcher, drawer and page over one data directory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from devices.links import Transport
from tests.rig.clock import RigClock
from tests.rig.clock_module import with_rig_clock
from tests.rig.drawer import Drawer, NewFob
from tests.rig.mail_catcher import MailCatcher
from tests.rig.page.app import create_rig_app
from tests.rig.wire.socket import SocketBus

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MOUNTED_AT: Final = "/rig"

FOUR_FOBS: Final = (
    NewFob("KF-000123", Transport.HID, 92),
    NewFob("KF-000124", Transport.HID, 87),
    NewFob("KF-000125", Transport.SERIAL, 78),
    NewFob("KF-000126", Transport.SERIAL, 64),
)
OTHER_DESK: Final = (NewFob("KF-000201", Transport.HID, 95),)
"""Fobs on a second desk: a station of another institution sees them alone."""


class Rig:
    """Start with start() and end with stop(), or use as a context manager."""

    def __init__(
        self, data_dir: Path, fobs: Iterable[NewFob] = FOUR_FOBS + OTHER_DESK, *, paced: bool = True
    ) -> None:
        """What was in `data_dir` before is there again. `paced`: reports and bytes take their real time."""
        self.clock = RigClock(data_dir)
        self.mail_catcher = MailCatcher(data_dir, self.clock.now)
        self.drawer = Drawer(data_dir, self.clock, fobs, paced=paced)
        self.at_other_desk = frozenset(fob.serial for fob in OTHER_DESK)
        ports = self.drawer.hid_ports
        self.hid_bus = SocketBus([port for port in ports if port.fob.serial not in self.at_other_desk])
        self.other_bus = SocketBus([port for port in ports if port.fob.serial in self.at_other_desk])

    def start(self) -> None:
        """Take mail from now on."""
        self.mail_catcher.start()

    def stop(self) -> None:
        """Take the ports and the mail server away; everything lasting stays in the data directory."""
        self.mail_catcher.stop()
        self.drawer.close()

    def page(self, home_url: str = "/") -> Flask:
        """The rig's own page and JSON."""
        return create_rig_app(self.clock, self.mail_catcher.inbox, self.drawer, home_url)

    def around(self, product: WSGIApplication) -> WSGIApplication:
        """`product` with the rig beside it at `/rig`, and the app's clock following the rig's."""
        followed = with_rig_clock(product)
        return DispatcherMiddleware(followed, {MOUNTED_AT: self.page()})

    def __enter__(self) -> Rig:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()
