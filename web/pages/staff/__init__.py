"""The staff console, /staff/."""

from __future__ import annotations

from flask import Blueprint

from web.pages.staff.account import account
from web.pages.staff.acts import acts
from web.pages.staff.addresses import addresses
from web.pages.staff.approvals import approval_pages
from web.pages.staff.batches import batch_pages
from web.pages.staff.closing import closing_pages
from web.pages.staff.customer import customer
from web.pages.staff.ending import ending
from web.pages.staff.hard import hard
from web.pages.staff.issue import issue
from web.pages.staff.mails import mail_pages
from web.pages.staff.paper_requests import paper_requests
from web.pages.staff.papers import papers
from web.pages.staff.people import people
from web.pages.staff.programming import programming
from web.pages.staff.ranges import range_pages
from web.pages.staff.search import search
from web.pages.staff.sign_in import sign_in
from web.pages.staff.soft import soft
from web.pages.staff.stations import stations
from web.pages.staff.step_up import step_up
from web.pages.staff.stock import stock_pages
from web.pages.staff.transfers import transfer_pages
from web.pages.staff.welcome import welcome
from web.pages.staff.work import work


def staff_pages() -> list[Blueprint]:
    """Every blueprint of the console."""
    counter = [customer, issue, soft, hard, ending, paper_requests, approval_pages, mail_pages, addresses, acts]
    signing_in = [sign_in, welcome, step_up, account, people]
    return [
        *signing_in,
        work,
        search,
        *counter,
        programming,
        batch_pages,
        stock_pages,
        range_pages,
        closing_pages,
        transfer_pages,
        papers,
        stations,
    ]
