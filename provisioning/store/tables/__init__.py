"""Every table, by subject; importing this package fills `Base.metadata`."""

from provisioning.store.tables.address import CustomerAddress, MailCode, MailPasswordTries
from provisioning.store.tables.application import Application, ApplicationState
from provisioning.store.tables.approval import ApprovalRequest
from provisioning.store.tables.audit import AuditEntry, AuditShown
from provisioning.store.tables.audit_tree import AuditBatch, AuditLeaf, AuditNode
from provisioning.store.tables.base import Base, Instant, new_id
from provisioning.store.tables.batch import Batch, BatchItem, BatchItemState
from provisioning.store.tables.client import BankAnswer, BankClient
from provisioning.store.tables.closing import StockClosing
from provisioning.store.tables.company import Company, CompanyKey
from provisioning.store.tables.credential import Credential
from provisioning.store.tables.custody import CustodyEntry
from provisioning.store.tables.customer import Customer
from provisioning.store.tables.customer_key import CustomerKey, KeyKind, keys_of
from provisioning.store.tables.fob import Fob
from provisioning.store.tables.host_event import HostEvent, HostEventCount
from provisioning.store.tables.imported_seed import ImportedSeed
from provisioning.store.tables.money_transfer import MoneyTransfer, Payee
from provisioning.store.tables.outbox import MailState, OutboxMail
from provisioning.store.tables.paper import PaperRequest
from provisioning.store.tables.passkey import Passkey, PasskeyChallenge
from provisioning.store.tables.profile import ProfileInForce
from provisioning.store.tables.programming import ProgrammingJob, Station, StationRequest
from provisioning.store.tables.session import SessionKind, WebSession
from provisioning.store.tables.staff import Staff, StaffFallback, StaffInvitation
from provisioning.store.tables.ticket import ActivationCount, SpentNonce, Ticket, TicketState
from provisioning.store.tables.transfer import StockTransfer

__all__ = [
    "ActivationCount",
    "Application",
    "ApplicationState",
    "ApprovalRequest",
    "AuditBatch",
    "AuditEntry",
    "AuditLeaf",
    "AuditNode",
    "AuditShown",
    "BankAnswer",
    "BankClient",
    "Base",
    "Batch",
    "BatchItem",
    "BatchItemState",
    "Company",
    "CompanyKey",
    "Credential",
    "CustodyEntry",
    "Customer",
    "CustomerAddress",
    "CustomerKey",
    "Fob",
    "HostEvent",
    "HostEventCount",
    "ImportedSeed",
    "Instant",
    "KeyKind",
    "MailCode",
    "MailPasswordTries",
    "MailState",
    "MoneyTransfer",
    "OutboxMail",
    "PaperRequest",
    "Passkey",
    "PasskeyChallenge",
    "Payee",
    "ProfileInForce",
    "ProgrammingJob",
    "SessionKind",
    "SpentNonce",
    "Staff",
    "StaffFallback",
    "StaffInvitation",
    "Station",
    "StationRequest",
    "StockClosing",
    "StockTransfer",
    "Ticket",
    "TicketState",
    "WebSession",
    "keys_of",
    "new_id",
]
