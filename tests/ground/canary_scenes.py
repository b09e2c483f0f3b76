"""Who is there before a walk: people with tokens, passkeys, companies, papers, links."""

from __future__ import annotations

from provisioning.jobs.add_payee import AddPayeeCommand, add_payee
from provisioning.jobs.end_token import EndTokenCommand, end_token
from provisioning.jobs.invite_staff import INVITATION_PATH, InviteStaffCommand, invite_staff
from provisioning.jobs.staff_fallback import PrepareFallbackCommand, prepare_fallback
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.company import CompanyRole
from provisioning.rules.money_transfer import Account
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState, EndReason
from provisioning.store.tables import Customer
from tests.company.conftest import found_company
from tests.fixtures.mail_passwords import use_mail_password
from tests.fixtures.people import add_fob
from tests.fixtures.soft_authenticator import SoftAuthenticator
from tests.fixtures.staff_sessions import new_staff
from tests.fixtures.tokens import give_token
from tests.ground.canary_steps import STAFF_PASSWORD, USER_ID, Scene


def company(scene: Scene) -> None:
    house = found_company(scene.watch.services)
    users = [house.add(role, f"MIHON000{n}") for n, role in enumerate((*CompanyRole, CompanyRole.GENERAL), 1)]
    house.equip(*users)
    house.suspend(users[0])
    scene.names |= {user.user_id: house.token(user) for user in users} | {"login": users[1].login_id}
    scene.hold(house.tokens[users[1].id])
    scene.watch.secrets |= {token.seed for token in house.tokens.values()}


def without_token(scene: Scene) -> None:
    scene.names["login"] = found_company(scene.watch.services).add(CompanyRole.GENERAL, "MIHON0009").login_id


def by_mail(scene: Scene) -> None:
    use_mail_password(scene.watch.services, scene.customer(None))


def payee(scene: Scene) -> None:
    customer = scene.customer()
    account = Account("見本銀行", "本店", "1234567", "ミホン ハナコ")
    command = AddPayeeCommand("dual", customer.id, account, SYSTEM)
    scene.names["payee"] = add_payee(scene.watch.services, command, scene.watch.clock())


def with_fob(scene: Scene) -> None:
    customer = scene.customer(None)
    scene.hold(
        give_token(
            scene.watch.services, customer, scene.watch.clock(), fob=add_fob(scene.watch.services, "KF0000001")
        )
    )
    scene.staff(StaffRole.TELLER)


def on_paper(scene: Scene) -> None:
    scene.customer()
    assert scene.token is not None
    scene.suspend(scene.token)
    scene.staff(StaffRole.TELLER)


def invited(scene: Scene) -> None:
    services, now = scene.watch.services, scene.watch.clock()
    path = invite_staff(services, InviteStaffCommand(new_staff(services, now), SYSTEM), now).path
    scene.names["link"] = path.removeprefix(INVITATION_PATH)
    scene.watch.secrets.add(scene.names["link"].encode())
    scene.keys[""] = SoftAuthenticator()


def with_fallback(scene: Scene) -> None:
    services, now = scene.watch.services, scene.watch.clock()
    staff_id = scene.staff(StaffRole.TELLER)
    boss = Actor(ActorKind.STAFF, new_staff(services, now, StaffRole.ADMINISTRATOR), "dual", "本店", "127.0.0.1")
    scene.names["number"] = prepare_fallback(services, PrepareFallbackCommand(staff_id, USER_ID, boss), now)
    with services.store.read() as tx:
        holder = tx.query(Customer).where(Customer.user_id == USER_ID).one()
    scene.hold(give_token(services, holder, now, CredentialState.SET_UP))
    scene.watch.secrets.add(STAFF_PASSWORD.encode())


def lost(scene: Scene) -> None:
    scene.customer()
    scene.staff(StaffRole.TELLER)
    command = EndTokenCommand("dual", scene.names["token"], EndReason.LOST, SYSTEM)
    end_token(scene.watch.services, command, scene.watch.clock())
    scene.staff(StaffRole.APPROVER, "approver")
