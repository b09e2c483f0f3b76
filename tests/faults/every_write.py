"""Each write of each job is refused once, under tests that say what comes of the job (R72).

`python -m tests.faults.every_write` (a part of `make faults`) runs them all; the tests run the first few.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.core.test_conflicts import ONCE, writers

ROOT: Final = Path(__file__).parents[2]
_JOBS: Final = "provisioning.jobs."
TRIED: Final = (
    "fobs/test_coming_back::test_a_broken_fob_does_not_wait_for_its_erasure",
    "staff/test_account_pages::test_an_administrator_enters_invites_and_shuts_out",
    "api/test_bank_mail_password::test_the_mail_password_is_taken_up_used_and_ended",
    "soft/test_app_tickets::test_no_second_answer_after_expiry",
    "staff/test_account_pages::test_the_fallback_from_its_making_to_a_step_up",
    "approvals/test_reissue::test_a_grant_expires_unspent",
    "fobs/test_batches_of_unnamed::test_a_failed_one_waits_for_another_label",
    "api/test_idempotency::test_answers_are_forgotten_after_their_day",
    "audit/test_seams::test_archives_follow_each_other",
    "fobs/test_transfers::test_what_became_of_each_is_told",
    "api/test_bank_papers::test_a_restriction_is_told_and_lifted",
    "core/test_rotate_kek::test_a_key_goes_when_it_has_rested_and_nothing_names_it",
    "fobs/test_closing::test_a_day_that_adds_up",
    "fobs/test_batches::test_skipping_and_closing",
    "core/test_expiry::test_the_worker_ends_it_for_ever",
    "api/test_bank_api::test_what_is_not_in_force_is_withdrawn",
    "staff/test_step_up::test_a_demonstration_asks_for_one_press",
    "staff/test_account_pages::test_passkeys_of_ones_own_come_and_go",
    "approvals/test_on_paper::test_the_maker_withdraws_and_is_told_once",
    "pskc/test_stock::test_a_fob_whose_codes_are_not_its_seeds_is_nobodys",
    "api/test_bank_companies::test_a_suspension_is_lifted_by_the_administrator_alone",
    "soft/test_erasing_addresses::test_a_mail_that_may_be_sent_again_keeps_its_address",
    "fobs/test_stations::test_turns_are_kept_as_long_as_the_time_rule_would_let_them_in",
    "approvals/test_operators::test_a_changed_profile_comes_into_force_once_it_was_allowed",
    "core/test_resync::test_hotp_end_to_end",
    "api/test_bank_api::test_drift_is_forgotten",
    "core/test_papers::test_a_refusal_has_its_reason",
    "api/test_bank_clients::test_a_key_is_taken_away_once",
    "fobs/test_batches::test_who_is_restricted_is_skipped",
    "approvals/test_acts::test_the_same_is_asked_for_once",
    "audit/test_seams::test_verification_crosses_a_rotation",
    "fobs/test_faces::test_a_box_of_keys_has_no_number_twice",
    "core/test_money_transfers::test_a_payee_is_named_one_way",
    "core/test_passwords::test_a_lock_stays_until_staff_mend_it",
    "staff/test_ways_in::test_a_session_is_ended_from_elsewhere",
    "core/test_loss::test_the_portal_and_the_banks_own_system_refuse",
    "fobs/test_stations::test_a_job_for_a_revoked_station_is_anybodys",
    "staff/test_ways_in::test_wrong_passwords_lock_and_touch_no_token",
    "api/test_idempotency::test_what_the_database_refused_is_tried_again",
    "fobs/test_faces::test_a_blank_key_is_used_by_its_other_face_and_back",
    "soft/test_returned_mails::test_a_mail_that_was_never_sent_cannot_come_back",
    "core/test_mail_password::test_a_login_that_never_says_it_is_over_has_an_end",
    "api/test_bank_mail_password::test_a_password_is_over_with_the_login_and_is_no_other_systems",
    "api/test_station_api::test_a_fob_is_written_through_the_wire",
    "audit/test_breach_list::test_a_stolen_database_concerns_everybody_of_the_institution",
    "audit/test_breach_list::test_whom_somebody_with_an_account_of_staff_saw",
    "audit/test_watching::test_a_day_without_a_verification_is_told_of",
    "ground/test_customers::test_a_customer_can_log_in_and_no_password_is_stored",
    "staff/test_show_address::test_it_is_shown_once_to_whoever_says_why",
    "staff/test_audit_pages::test_a_file_has_what_the_filter_finds_and_that_is_recorded",
)
"""FILE::TEST on SQLite, those first in which the most jobs write."""


def refuse_each_write(tests: Sequence[str]) -> tuple[int, set[str]]:
    """The exit code of pytest, and the names of the functions that met a conflict at each of their writes."""
    with tempfile.TemporaryDirectory(prefix="kagiya-conflicts-") as folder:
        met = Path(folder) / "met"
        names = [f"tests/{test.replace('::', '.py::', 1)}[sqlite]" for test in tests]
        options = (
            "-q",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            "--basetemp",
            f"{folder}/files",
            "--conflicts",
            str(met),
        )
        run = subprocess.run([sys.executable, "-m", "pytest", *options, *names], cwd=ROOT, check=False)
        return run.returncode, {line.removeprefix(_JOBS) for line in met.read_text().splitlines()}


def main() -> int:
    """All of them; what no test reaches is told."""
    code, met = refuse_each_write(TRIED)
    unmet = {writer.name for writer in writers()} - set(ONCE) - met
    sys.stdout.write(f"{len(met)} writing functions met a conflict at each write; not reached: {sorted(unmet)}\n")
    return code or int(bool(unmet))


if __name__ == "__main__":
    sys.exit(main())
