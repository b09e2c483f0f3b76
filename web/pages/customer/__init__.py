"""The customer portal, /portal/."""

from __future__ import annotations

from flask import Blueprint

from web.pages.customer.activate import activation
from web.pages.customer.apply_hard import hard
from web.pages.customer.choose import choose
from web.pages.customer.information import information
from web.pages.customer.issue_again import issue_again
from web.pages.customer.issue_soft import soft
from web.pages.customer.mail_live import mail_live
from web.pages.customer.mail_missing import mail_missing
from web.pages.customer.mail_password import mail_password
from web.pages.customer.money_transfer import transfers
from web.pages.customer.release import release_pages
from web.pages.customer.sign_in import sign_in_pages
from web.pages.customer.top import top
from web.pages.customer.waiting import waiting


def customer_pages() -> list[Blueprint]:
    """Every blueprint of the portal."""
    token = [choose, soft, mail_missing, waiting, issue_again, hard, activation, release_pages]
    return [sign_in_pages, top, *token, mail_password, transfers, information, mail_live]
