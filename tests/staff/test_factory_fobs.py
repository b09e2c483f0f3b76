"""A fob that came with its seed at the counter: chosen by its number, proved by what it shows, handed over."""

from __future__ import annotations

from provisioning.jobs.import_pskc import ImportPskcCommand, import_pskc
from provisioning.pskc.writer import write_pskc
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.tables import Customer, Fob
from tests.fixtures.databases import sqlite_only
from tests.portal.conftest import MovableClock
from tests.pskc.conftest import ITERATIONS, PASSPHRASE, key, shown
from tests.staff.conftest import Colleague
from tests.staff.fob_steps import at, fob_state, reserve


@sqlite_only
def test_it_needs_no_station(
    teller_desk: Colleague, services: Services, customer_a: Customer, clock: MovableClock
) -> None:
    made = key("A1")
    box = write_pskc([made], PASSPHRASE, ITERATIONS)
    import_pskc(services, ImportPskcCommand("dual", "本店", box, PASSPHRASE, SYSTEM), clock())
    with services.store.read() as session:
        fob = session.query(Fob).one()
    teller_desk.get(f"/staff/stock/{fob.id}/")
    assert teller_desk.says("種入り（出荷時）", "発行に使える")
    teller_desk.get(at(customer_a))
    assert teller_desk.says("A1")
    page = reserve(teller_desk, customer_a, fob)
    assert teller_desk.says("出荷時から種が入っています", "フォブは在庫に戻ります")
    assert not teller_desk.says("消去のあと")
    teller_desk.press(page + "code", code=shown(made, clock()))
    assert teller_desk.says("お客さまにお渡しください", "照合が終わりました")
    assert fob_state(services, fob) is FobState.PROGRAMMED
