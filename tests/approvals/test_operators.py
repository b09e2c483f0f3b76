"""What operators do at the command line, and new workstations: granted first, then done (R56)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click
import pytest
from sqlalchemy import select

from provisioning.cli.approvals import do_or_ask, take_profiles
from provisioning.cli.compose import OPERATOR
from provisioning.errors import AlreadyTaken, ApprovalNeeded, SettingsInvalid, WrongState
from provisioning.jobs.ask_approval import ask_approval
from provisioning.jobs.ask_to_change import ask_to_change
from provisioning.jobs.export_pskc import ExportPskcCommand, ask_to_export, export_pskc
from provisioning.jobs.import_pskc import ImportPskcCommand, ask_to_import, import_pskc
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.take_profile import TakeProfileCommand, profiles_to_take
from provisioning.pskc.writer import write_pskc
from provisioning.rules.approval import ApprovalPayload, ApprovalRules, ApprovalState
from provisioning.rules.permissions import StaffRole
from provisioning.rules.profile_changes import changes
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, ProfileInForce
from tests.approvals.conftest import EVERYTHING, Colleague, Hire, read_request
from tests.fixtures.databases import sqlite_only
from tests.fixtures.services import DUAL
from tests.fixtures.slow_verifier import SlowOpener
from tests.pskc.conftest import ITERATIONS, PASSPHRASE, key


def box(*serials: str) -> ImportPskcCommand:
    data = write_pskc([key(serial) for serial in serials], PASSPHRASE, ITERATIONS)
    return ImportPskcCommand("dual", "本店", data, PASSPHRASE, OPERATOR)


def entries(services: Services, act: str) -> list[AuditEntry]:
    with services.store.read() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.act == act).order_by(AuditEntry.id)))


@sqlite_only
def test_a_box_is_imported_once_this_very_file_was_allowed(
    services: Services, approver: Colleague, now: datetime
) -> None:
    command, other = box("A1", "A2"), box("A1", "A3")
    with pytest.raises(ApprovalNeeded):
        import_pskc(services, command, now)
    asked = ask_to_import(services, command, now)
    facts = ApprovalPayload.decode(read_request(services, asked).payload).facts
    assert (facts["count"], facts["first"], facts["last"], facts["makers"]) == (2, "A1", "A2", ["Acme"])
    assert approver.approves(asked, now) is ApprovalState.GRANTED
    with pytest.raises(ApprovalNeeded):
        import_pskc(services, other, now)
    with pytest.raises(ApprovalNeeded):
        import_pskc(services, replace(command, branch="駅前支店"), now)
    assert import_pskc(services, command, now).count == 2
    assert entries(services, "import_pskc")[0].facts["approver"] == approver.row.id
    assert read_request(services, asked).state is ApprovalState.DONE


@sqlite_only
def test_seeds_go_out_as_they_were_allowed_and_once(
    services: Services, approver: Colleague, now: datetime
) -> None:
    import_pskc(replace(services, institutions={"dual": DUAL}), box("B1", "B2"), now)
    command, written = ExportPskcCommand("dual", PASSPHRASE, OPERATOR), list[bytes]()
    with pytest.raises(ApprovalNeeded):
        export_pskc(services, command, written.append, now)
    approver.approves(ask_to_export(services, command, now), now)
    import_pskc(replace(services, institutions={"dual": DUAL}), box("B3"), now)
    with pytest.raises(ApprovalNeeded):
        export_pskc(services, command, written.append, now)
    assert written == [], "more seeds than were allowed"
    assert ask_to_export(services, command, now), "and may be asked for"


@sqlite_only
def test_seeds_are_exported_once_for_one_approval(services: Services, approver: Colleague, now: datetime) -> None:
    import_pskc(replace(services, institutions={"dual": DUAL}), box("B1"), now)
    command, written = ExportPskcCommand("dual", PASSPHRASE, OPERATOR), list[bytes]()
    approver.approves(ask_to_export(services, command, now), now)
    assert export_pskc(services, command, written.append, now) == 1
    with pytest.raises(ApprovalNeeded):
        export_pskc(services, command, written.append, now)
    assert len(written) == 1


@sqlite_only
def test_of_two_exports_at_once_one_has_the_approval(
    services: Services, approver: Colleague, now: datetime
) -> None:
    import_pskc(replace(services, institutions={"dual": DUAL}), box("B1"), now)
    command, written = ExportPskcCommand("dual", PASSPHRASE, OPERATOR), list[bytes]()
    approver.approves(ask_to_export(services, command, now), now)
    opener = SlowOpener(services, [lambda: export_pskc(services, command, written.append, now)])
    with pytest.raises(ApprovalNeeded):
        export_pskc(replace(services, opener=opener), command, written.append, now)  # type: ignore[arg-type]
    assert len(written) == len(entries(services, "export_pskc")) == 1


@sqlite_only
def test_no_seed_is_opened_before_somebody_allowed_it(services: Services, now: datetime) -> None:
    import_pskc(replace(services, institutions={"dual": DUAL}), box("B1"), now)
    opener, command = SlowOpener(services, []), ExportPskcCommand("dual", PASSPHRASE, OPERATOR)
    with pytest.raises(ApprovalNeeded):
        export_pskc(replace(services, opener=opener), command, list[bytes]().append, now)  # type: ignore[arg-type]
    assert opener.opened == 0


@sqlite_only
def test_a_new_station_is_allowed_before_its_code_is_drawn(
    services: Services, approver: Colleague, hire: Hire, now: datetime
) -> None:
    keeper = hire(StaffRole.ADMINISTRATOR, "管理 しおん", "駅前支店")
    command = InviteStationCommand("dual", "本店", "本店-9", keeper.actor)
    with pytest.raises(ApprovalNeeded):
        invite_station(services, command, now)
    asked = ask_approval(services, command, now)
    assert approver.approves(asked, now) is ApprovalState.GRANTED
    with pytest.raises(ApprovalNeeded):
        invite_station(services, replace(command, name="本店-10"), now)
    assert invite_station(services, command, now).code
    assert entries(services, "invite_station")[0].facts["approver"] == approver.row.id
    with pytest.raises(ApprovalNeeded):
        invite_station(services, command, now)


BEFORE = 'failure_limit = 5\nnotes = [{ ja = "あ", en = "a" }]\n[approval]\nneeded_for = ["change_profile"]\n'
AFTER = 'failure_limit = 9\nnotes = [{ ja = "い", en = "a" }]\n'


@sqlite_only
def test_a_changed_profile_comes_into_force_once_it_was_allowed(
    services: Services, approver: Colleague, now: datetime
) -> None:
    def take(text: str, served: Services = services) -> list[str]:
        return profiles_to_take(served, {"dual": text}, OPERATOR, now)

    # what the new file says of approvals does not count: the one in force does
    careless = replace(services, institutions={"dual": DUAL})
    assert take(BEFORE) == []
    assert take(BEFORE) == []
    assert take(AFTER, careless) == ["dual"]
    change = TakeProfileCommand("dual", AFTER, OPERATOR)
    asked = ask_to_change(careless, change, now)
    with pytest.raises(AlreadyTaken):
        ask_to_change(careless, change, now)
    facts = ApprovalPayload.decode(read_request(services, asked).payload).facts
    assert facts["changes"] == [
        ["approval.needed_for", "change_profile", ""],
        ["failure_limit", "5", "9"],
        ["notes[1].ja", "あ", "い"],
    ]
    assert take(AFTER, careless) == ["dual"], "asked for, not allowed"
    approver.approves(asked, now)
    assert take(AFTER + "# more\n", careless) == ["dual"], "another file"
    assert take(AFTER, careless) == []
    assert [len(entry.facts) for entry in entries(services, "take_profile")] == [1, 3]
    with services.store.read() as session:
        assert not session.get_one(ProfileInForce, "dual").change_needs_approval
    with pytest.raises(WrongState):
        ask_to_change(careless, change, now)
    assert take(BEFORE) == [], "nobody has to allow what follows"


def test_servers_that_start_together_take_a_profile_once(services: Services, now: datetime) -> None:
    with ThreadPoolExecutor(4) as threads:
        took = threads.map(lambda _: profiles_to_take(services, {"dual": BEFORE}, OPERATOR, now), range(4))
        assert list(took) == [[]] * 4
    assert len(entries(services, "take_profile")) == 1


@sqlite_only
def test_a_server_does_not_start_with_a_profile_that_nobody_allowed(
    services: Services, tmp_path: Path, now: datetime
) -> None:
    (tmp_path / "dual.toml").write_text(BEFORE)
    settings = replace(services.settings, institutions=tmp_path)
    served = replace(services, settings=settings, institutions={"dual": replace(DUAL, approval=EVERYTHING)})
    take_profiles("kagiya.toml", served, now)
    (tmp_path / "dual.toml").write_text(AFTER)
    with pytest.raises(SettingsInvalid) as refused:
        take_profiles("kagiya.toml", replace(served, institutions={"dual": DUAL}), now)
    assert "kagiya institutions change dual" in refused.value.mend


def test_a_command_asks_once_and_says_what_to_do() -> None:
    def refused() -> None:
        raise ApprovalNeeded(("import_seeds",))

    def again() -> str:
        raise AlreadyTaken("approval")

    assert do_or_ask(lambda: 7, again) == 7
    for ask, said in ((lambda: "4f", "is asked for it now (request 4f)"), (again, "is asked for it already")):
        with pytest.raises(click.ClickException) as told:
            do_or_ask(refused, ask)
        assert said in told.value.message
        assert told.value.exit_code == 1


def test_changes_are_told_key_by_key() -> None:
    assert changes(BEFORE, BEFORE) == []
    assert changes("[a]\nb = [1, 2]\n", "[a]\nb = [1, 2, 3]\nc = true\n") == [
        ("a.b", "1, 2", "1, 2, 3"),
        ("a.c", "", "True"),
    ]
    assert ApprovalRules().needed_for == ()
