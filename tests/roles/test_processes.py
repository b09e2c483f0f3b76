"""Each role as a process of its own, with the real commands, over real TLS (R51, R76)."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from devices.contract import Poll
from devices.seed_box import Enrolment
from devices.server_client import ServerClient, enrol
from provisioning.cli.compose import OPERATOR, build_services
from provisioning.cli.role_certificates import http_verifier
from provisioning.errors import SettingsInvalid, VaultError, VerifierAway
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.jobs.add_customer import AddCustomerCommand, add_customer
from provisioning.jobs.ask_verifier import verifier_of
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.rules.roles import ALL_ROLES, Role
from provisioning.rules.verifier import ASKING, Operation
from provisioning.services import Services
from provisioning.settings import VerifierSettings
from provisioning.settings_file import load_settings
from provisioning.store.access_codes import AccessSecret
from provisioning.store.tables import Credential
from provisioning.store.vault import SeedOpener
from provisioning.verifier import messages
from provisioning.verifier.certificates import certify_roles, certify_verifier, make_authority, read_pair
from provisioning.verifier.questions import CANARY_CONTEXT
from provisioning.verifier.role_tokens import RoleTokens
from tests.fixtures.vaults import device_code
from tests.fobs.desk import Desk, PlainFob
from tests.ground.commands import run_kagiya
from tests.roles.house import HOST, OVER_TLS, House, open_house
from tests.roles.memory_images import tree
from tests.soft.independent_client import IndependentClient

USERS = ("123456780001", "123456780002")
ACTIVATION_PASSWORD = "83719264"
PARTS = {
    "/staff/": {Role.STAFF},
    "/portal/": {Role.CUSTOMER},
    "/app/": {Role.CUSTOMER},
    "/api/v1/openapi.json": {Role.BANK},
    "/api/station/v1/poll": {Role.STATION},
    "/api/verifier/v1/ready": {Role.VERIFIER},
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Six processes."""
    with open_house(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture(scope="module")
def everything(house: House) -> Iterator[Services]:
    """The books as an operator on the server has them, with every key."""
    services = build_services(load_settings(house.folder / "kagiya.toml", ALL_ROLES), ALL_ROLES)
    yield services
    services.store.close()


def now() -> datetime:
    return datetime.now(UTC)


def test_each_is_ready_and_serves_its_own_part_alone(house: House) -> None:
    for role in house.ports:
        with house.http(role) as http:
            ready = http.get("/readyz")
            assert (ready.status_code, ready.json()["vault"]) == (200, True), ready.text
            assert ready.json()["certificate_ends"]["role"] > now().isoformat()
            assert ("server" in ready.json()["certificate_ends"]) == (role is Role.BANK)
            assert "kagiya_certificate_ends_timestamp_seconds" in http.get("/metrics").text
            for path, roles in PARTS.items():
                method = "POST" if "/station/" in path or "/verifier/" in path else "GET"
                found = http.request(method, path, content=b"{}").status_code != 404
                assert found == (role in roles), (role, path)


def test_no_process_of_any_role_leaves_a_core_file(house: House) -> None:
    """Those that serve were forked, and not started by their names: so nobody reads them either
    (test_private_memory).
    """
    for role, started in house.processes.items():
        processes = tree(started.pid)
        assert len(processes) > 1 or role not in house.ports
        for pid in processes:
            assert "Max core file size        0                    0 " in Path(f"/proc/{pid}/limits").read_text()
            same = Path(f"/proc/{pid}/cmdline").read_bytes()
            assert same == Path(f"/proc/{started.pid}/cmdline").read_bytes()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.VERIFIER])
def test_no_other_role_has_what_opens_a_seed(house: House, role: Role) -> None:
    services = build_services(load_settings(house.settings_of(role), {role}), {role})
    assert services.opener is None
    assert (services.verifier is not None) == (role in ASKING)
    assert (services.addresses is not None) == (role in {Role.STAFF, Role.CUSTOMER, Role.BANK, Role.WORKER})
    assert (services.tickets is not None) == (role in {Role.STAFF, Role.CUSTOMER, Role.BANK})
    assert (services.checkpoint_signer is not None) == (role is Role.WORKER)
    if role is Role.WORKER:
        with pytest.raises(VaultError):
            verifier_of(services)
    own = services.sealer.keys
    assert not own.access_file.exists()
    shutil.copy(house.folder / "keys" / "vault" / own.access_file.name, own.access_file)
    with pytest.raises(VaultError):
        AccessSecret(own).code(SeedOpener(own), "yubikey-5", "12345678")
    own.access_file.unlink()
    services.store.close()
    with pytest.raises(SettingsInvalid):
        load_settings(house.settings_of(role), {Role.VERIFIER})


def test_a_soft_token_and_a_fob_go_their_whole_way_through_all_of_them(
    house: House, everything: Services, tmp_path: Path
) -> None:
    for user_id in USERS:
        passwords = ("Sakura2026", "Kakunin99")
        add_customer(
            everything,
            AddCustomerCommand("dual", "本店", f"login-{user_id}", user_id, "見本", *passwords, OPERATOR),
            now(),
        )
    key = add_bank_client(everything, AddBankClientCommand("dual", "host", OPERATOR), now()).key
    with house.http(Role.BANK) as bank:
        bank.headers["Authorization"] = f"Bearer {key}"
        _soft_token(house, bank)
        _fob(house, bank, everything, tmp_path)


def test_wrong_codes_suspend_by_way_of_the_verifier(house: House, everything: Services) -> None:
    key = add_bank_client(everything, AddBankClientCommand("dual", "host 2", OPERATOR), now()).key
    with house.http(Role.BANK) as bank:
        bank.headers["Authorization"] = f"Bearer {key}"
        reasons = [_decide(bank, "verify", USERS[0], "00000000") for _ in range(5)]
        assert {reason for _, reason in reasons} == {"wrong"}
        assert _decide(bank, "verify", USERS[0], "00000000") == ("refused", "suspended")


def test_while_the_verifier_is_away_every_code_is_refused_and_none_is_counted(
    house: House, everything: Services
) -> None:
    key = add_bank_client(everything, AddBankClientCommand("dual", "host 3", OPERATOR), now()).key
    with house.http(Role.BANK) as bank:
        bank.headers["Authorization"] = f"Bearer {key}"
        assert _decide(bank, "verify", USERS[1], "00000000") == ("refused", "wrong")
        house.stop(Role.VERIFIER)
        for _ in range(6):
            answer = _ask(bank, "verify", USERS[1], otp="00000000")
            assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
        assert bank.get("/readyz").json()["vault"] is False
        house.start(Role.VERIFIER)
        house.wait(Role.VERIFIER)
        assert _decide(bank, "verify", USERS[1], "00000000") == ("refused", "wrong"), "and at once again"
        with everything.store.read() as session:
            failures = select(Credential.failures).where(Credential.fob_id.is_not(None))
            assert session.scalars(failures).one() == 2


def _soft_token(house: House, bank: httpx.Client) -> None:
    soft = {"kind": "soft", "mail_address": "taro@carrier.example", "activation_password": ACTIVATION_PASSWORD}
    assert _ask(bank, "credentials", USERS[0], **soft).status_code == 201
    app = IndependentClient(house.url(Role.CUSTOMER), "10112235", USERS[0], ACTIVATION_PASSWORD)
    app.origin = "https://otp.example.co.jp"
    token = app.set_up()
    shown = now()
    assert _decide(bank, "activate", USERS[0], token.code(shown)) == ("accepted", None)
    assert _decide(bank, "verify", USERS[0], token.code(shown)) == ("refused", "used")
    assert _decide(bank, "verify", USERS[0], token.code(shown + timedelta(seconds=60))) == ("accepted", None)


def _fob(house: House, bank: httpx.Client, everything: Services, folder: Path) -> None:
    code = invite_station(everything, InviteStationCommand("dual", "本店", "窓口1", OPERATOR), now()).code
    enrol(house.url(Role.STATION), code, folder / "station")
    enrolment = Enrolment.load(folder / "station")
    keys = enrolment.keys
    desk = Desk(everything, enrolment.station_id, keys.signing, keys.sealing, now())
    plain = PlainFob("KF0000077")
    desk.fobs.append(plain)
    agent = ServerClient(enrolment, lambda: now().timestamp())
    agent.poll(Poll((plain.seen(),), ()))
    take_into_stock(
        everything, TakeIntoStockCommand("dual", desk.station_id, plain.profile, plain.serial, OPERATOR), now()
    )
    assert _ask(bank, "credentials", USERS[1], kind="hard", fob_serial=plain.serial).status_code == 201
    (job,) = agent.poll(Poll((plain.seen(),), ())).jobs
    desk.now = now()
    agent.result(job.job_id, desk.write(job))
    agent.close()
    assert _decide(bank, "activate", USERS[1], plain.code(now())) == ("accepted", None)
    later = now() + timedelta(seconds=60)
    assert _decide(bank, "verify", USERS[1], plain.code(later)) == ("accepted", None)


def _ask(bank: httpx.Client, path: str, user_id: str, **members: Any) -> httpx.Response:
    return bank.post(f"/api/v1/{path}", json={"service_id": "10112235", "user_id": user_id, **members})


def _decide(bank: httpx.Client, path: str, user_id: str, otp: str) -> tuple[str, str | None]:
    answer = _ask(bank, path, user_id, otp=otp)
    assert answer.status_code == 200, answer.text
    return answer.json()["outcome"], answer.json().get("reason")


def canary(house: House, services: Services, role: Role, url: str = "") -> bytes:
    """The verifier's answer to a process of that role about a canary. Raises VerifierAway."""
    settings = VerifierSettings(url or house.url(Role.VERIFIER), house.certificates, 5)
    verifier = http_verifier(settings, frozenset({role}))
    assert verifier is not None
    with closing(verifier):
        return verifier.canary(services.sealer.seal(b"canary", CANARY_CONTEXT), now())


def access_code(house: House, role: Role) -> bytes:
    """The verifier's answer to a process of that role about a device. Raises VerifierAway."""
    settings = VerifierSettings(house.url(Role.VERIFIER), house.certificates, 5)
    verifier = http_verifier(settings, frozenset({role}))
    assert verifier is not None
    with closing(verifier):
        return verifier.access_code("yubikey-5", "12345678", now())


def handshake(house: House, role: Role, context: ssl.SSLContext | None) -> int:
    """Status of its /healthz; TransportError where TLS ends it."""
    url = house.url(role)
    if context is None:
        return httpx.get(url.replace("https", "http") + "/healthz", timeout=10).status_code
    return httpx.get(f"{url}/healthz", verify=context, timeout=10).status_code


@pytest.mark.parametrize("role", sorted(OVER_TLS))
def test_only_who_shows_a_certificate_of_ours_is_spoken_to(house: House, tmp_path: Path, role: Role) -> None:
    assert handshake(house, role, house.tls("monitor")) == 200
    assert handshake(house, role, house.tls("bank")) == 200
    stranger = make_authority(now())
    theirs = certify_roles(stranger, "bank", {Role.BANK}, now())
    ours = read_pair(*((house.certificates / f"authority.{kind}").read_bytes() for kind in ("pem", "key")))
    ended = certify_roles(ours, "bank", {Role.BANK}, now() - timedelta(days=400), timedelta(days=399))
    for name, pair in (("theirs", theirs), ("ended", ended)):
        write(tmp_path, name, pair)
    for context in (
        house.tls(None),
        house.tls("theirs", tmp_path),
        house.tls("ended", tmp_path),
        house.tls("verifier"),
        None,
    ):
        with pytest.raises(httpx.TransportError):
            handshake(house, role, context)


def test_a_role_asks_what_is_its_own_over_tls_and_nothing_once_revoked(house: House, everything: Services) -> None:
    assert canary(house, everything, Role.STATION) == sha256(b"canary").digest()
    assert access_code(house, Role.STATION) == device_code(everything, "yubikey-5", "12345678")
    for role in ASKING - {Role.STATION}:
        with pytest.raises(VerifierAway) as refused:
            access_code(house, role)
        assert refused.value.cause == "403 out_of_scope"
    body = messages.dump(messages.JudgeRequest(Operation.VERIFY, "c", 1, "12345678"))
    own = read_pair(*((house.certificates / f"station.{kind}").read_bytes() for kind in ("pem", "key")))
    with house.http(Role.VERIFIER, "station") as http:
        headers = {"Authorization": RoleTokens(own).header(now())}
        assert http.post(messages.JUDGE, content=body, headers=headers).status_code == 403
        assert http.post(messages.JUDGE, content=body).status_code == 401, "TLS alone is no role"
    listed = house.settings_of(Role.VERIFIER).parent / "certificates" / "revoked"
    revoked = run_kagiya("key", "revoke-certificate", str(house.certificates / "station.pem"), str(listed))
    assert revoked.returncode == 0, revoked.stderr
    with pytest.raises(VerifierAway) as away:
        canary(house, everything, Role.STATION)
    assert away.value.cause == "401 not_authentic revoked"
    assert canary(house, everything, Role.BANK)
    with house.http(Role.STATION) as http:
        ready = http.get("/readyz")
        assert (ready.status_code, ready.json()["vault"]) == (503, False)
    listed.write_text("")


def test_nobody_else_is_taken_for_the_verifier(house: House, everything: Services, tmp_path: Path) -> None:
    ours = read_pair(*((house.certificates / f"authority.{kind}").read_bytes() for kind in ("pem", "key")))
    for pair in (
        certify_roles(ours, "bank", {Role.BANK}, now()),
        certify_verifier(make_authority(now()), [HOST], now()),
        certify_verifier(ours, [HOST], now() - timedelta(days=400), timedelta(days=399)),
        certify_verifier(ours, ["verifier.example"], now()),
    ):
        write(tmp_path, "impostor", pair)
        with impostor(tmp_path) as port, pytest.raises(VerifierAway) as away:
            canary(house, everything, Role.BANK, f"https://{HOST}:{port}")
        assert away.value.cause == "ConnectError"


def write(folder: Path, name: str, pair: Any) -> None:
    (folder / f"{name}.pem").write_text(pair.certificate_pem())
    (folder / f"{name}.key").write_text(pair.key_pem())


@contextmanager
def impostor(folder: Path) -> Iterator[int]:
    """Somebody who answers TLS with that certificate, and 200 to everything if ever asked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "impostor.pem", folder / "impostor.key")
    asked: list[bytes] = []

    def answer() -> None:
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                asked.append(secured.recv(4096))
        except OSError:
            return

    with socket.create_server((HOST, 0)) as listener:
        listener.settimeout(5)
        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
    thread.join()
    assert not any(asked), "no word of a question reached it"
