"""`kagiya returned-mail`: where the mail server hands the delivery reports that come to the senders' addresses."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("returned-mail")
@click.pass_obj
def returned_mail(file: Path) -> None:
    """Read a delivery report on standard input and note that its mail came back."""
    from provisioning.cli.compose import OPERATOR, operator_services, utc_now
    from provisioning.jobs.note_returned_mail import NoteReturnedMailCommand, note_returned_mail
    from provisioning.mail.returned import read_report

    returned = read_report(sys.stdin.buffer.read())
    if returned is not None:
        command = NoteReturnedMailCommand(returned.mail_id, returned.status, OPERATOR)
        note_returned_mail(operator_services(file), command, utc_now())
