"""`python -m tests.rig`: parts of the rig as processes of their own.

serial  one fob in its cradle; prints the path of its port and serves it until it is ended
station the real station agent with the rig's fobs in its sockets
attach  devices in this computer's own USB sockets, for any program (needs root and `modprobe vhci-hcd`)
trust   the settings by which a station believes the rig's fobs
"""

from __future__ import annotations

from pathlib import Path

import click

_DATA = click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), required=True, help="Rig's directory."
)
_UNPACED = click.option("--unpaced", is_flag=True, help="Reports and bytes cross at once.")


@click.group()
def rig() -> None:
    """The test rig."""


@rig.command()
@_DATA
@_UNPACED
@click.option("--serial", required=True, help="Serial number of the fob; it is made if it is new.")
def serial(data: Path, serial: str, *, unpaced: bool) -> None:
    """One fob behind a pty."""
    from devices.links import Transport
    from provisioning.cli.signals import stop_by_signal
    from tests.rig.clock import RigClock
    from tests.rig.drawer import Drawer, NewFob

    stop = stop_by_signal()
    drawer = Drawer(data, RigClock(data), [NewFob(serial, Transport.SERIAL)], paced=not unpaced)
    (path,) = drawer.cradles
    click.echo(path)
    stop.wait()
    drawer.close()


@rig.command()
@_DATA
@_UNPACED
@click.option("--enrolment", type=click.Path(path_type=Path), required=True, help="The station's directory.")
@click.option("--poll-s", type=float, default=0.1, show_default=True)
def station(data: Path, enrolment: Path, poll_s: float, *, unpaced: bool) -> None:
    """The station agent with the rig's HID fobs and cradles."""
    from devices.agent import StationAgent
    from devices.attach import Desk
    from devices.links.serial import SerialBus
    from devices.profile_files import load_profiles
    from devices.seed_box import Enrolment, SeedBox
    from devices.server_client import ServerClient
    from provisioning.cli.signals import stop_by_signal
    from tests.rig.clock import RigClock
    from tests.rig.drawer import Drawer
    from tests.rig.wire.socket import SocketBus

    stop = stop_by_signal()
    clock = RigClock(data)
    drawer = Drawer(data, clock, (), paced=not unpaced)
    enrolled = Enrolment.load(enrolment)
    desk = Desk(
        (SocketBus(drawer.hid_ports), SerialBus(drawer.cradles)), load_profiles(), drawer.roots, clock.unix_time
    )
    StationAgent(desk, ServerClient(enrolled, clock.unix_time), SeedBox.of(enrolled)).run(stop, poll_s)
    drawer.close()


@rig.command()
@_DATA
@click.option("--pace", type=float, default=0.0, help="Take so many times the wire's time, and the devices' own.")
@click.argument("names", metavar="[FAMILY:SERIAL]...", nargs=-1)
def attach(data: Path, names: tuple[str, ...], *, pace: float) -> None:
    """Plug devices into this computer, then do what lines on standard input say, until there are no more.

    Lines: plug NAME [HUB]; unplug, press, display, crossed NAME; cut, mute, stall, none NAME AFTER-HOW-MANY;
    cut-in-write, mute-in-write, stall-in-write NAME AFTER-HOW-MANY, counted from when it keeps a new secret.
    """
    from tests.rig.usb.attach import Cabinet, serve

    serve(Cabinet(data, pace=pace), names)


@rig.command(name="trust")
@_DATA
def print_trust(data: Path) -> None:
    """Settings by which a station believes this rig's fobs to be genuine."""
    from tests.rig.drawer import trust

    click.echo(trust(data), nl=False)


if __name__ == "__main__":
    rig()
