"""Institution profiles: the shipped one follows its manual; anything unclear is refused by file and key."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from provisioning.errors import SettingsInvalid
from provisioning.institutions import SHIPPED, load_institutions, load_profile, load_profiles
from provisioning.rules.app_profile import DisplayName
from provisioning.rules.approval import ApprovedAct
from provisioning.rules.institution import Activation, Institution, Replacement
from provisioning.rules.papers import PaperKind
from provisioning.rules.parameters import Algorithm, OtpParameters, OtpType
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.states import TokenKind

DUAL = (SHIPPED / "dual.toml").read_text()


def test_dual_is_the_institution_of_manual_001() -> None:
    dual = load_institutions()["dual"]
    assert dual.service_id == "10112235"
    assert dual.name.ja == "見本信用組合"
    assert dual.sender_address == "otp@mihon-kumiai.example"
    assert dual.kinds == (TokenKind.SOFT, TokenKind.HARD)
    assert dual.otp == OtpParameters(OtpType.TOTP, Algorithm.SHA1, 8, 60)
    assert re.fullmatch(dual.user_id_pattern, "999800000001")
    assert not re.fullmatch(dual.user_id_pattern, "99980000000A")
    assert [entry.ja for entry in dual.menu_path] == ["ご利用サービスの変更", "ワンタイムパスワード"]
    assert dual.reissue_next_day
    assert (dual.activation, dual.ticket_life) == (Activation.PIN, timedelta(hours=24))
    assert "docomo.ne.jp" in dual.dotted_carrier_domains


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("counter", "送信先メールアドレス"),
        ("dual", "メールアドレス"),
        ("limit-lowering", "携帯電話メールアドレス"),
    ],
)
def test_an_address_is_called_as_in_the_manual(name: str, label: str) -> None:
    assert load_institutions()[name].mail_address_label.ja == label


@pytest.mark.parametrize(
    ("written", "instead", "key"),
    [
        ("[limits]", "[limits]\ntries = 3", "limits.tries"),
        ("[limits]", "[limit]", "limit"),
        ('en = "Mihon Credit Union"\n', "", "name.en"),
        ('en = "One-time password"\n', "", "menu_path[2].en"),
        ('ja = "ワンタイムパスワード"', 'ja = " "', "menu_path[2].ja"),
        ('service_id = "10112235"', 'service_id = "1011223"', "service_id"),
        ('service_id = "10112235"', "", "service_id"),
        ('"本店", "駅前支店"', "", "branches"),
        ('"本店", "駅前支店"', '"本店", "本店"', "branches"),
        ('"soft", "hard"', '"soft", "paper"', "kinds"),
        ('"[0-9]{12}"', '"[0-9"', "user_id_pattern"),
        ("digits = 8", "digits = 7", "otp.digits"),
        ("period_s = 60", "period_s = 45", "otp.period_s"),
        ("period_s = 60", "period_s = 60\nwindow_steps = 3", "otp.window_steps"),
        ("period_s = 60", "period_s = 60\nhotp_look_ahead = 0", "otp.hotp_look_ahead"),
        ("period_s = 60", "period_s = 60\nresync_steps = 9", "otp.resync_steps"),
        ("period_s = 60", "period_s = 60\nmax_drift_steps = 40\nresync_steps = 39", "otp.resync_steps"),
        ('"transfer", "information"', '"transfers"', "asks_otp_at"),
        ('"transfer", "information"', '"login"', "asks_otp_at"),
        ('"login", "transfer", "information"', "", "asks_otp_at"),
        ("service_id =", 'mail_password = "yes"\nservice_id =', "mail_password"),
        ("sender_domains =", "keep_address_days = 0\nsender_domains =", "mail.keep_address_days"),
        ("failure_limit = 5", "failure_limit = 101", "limits.failure_limit"),
        ("failure_limit = 5", "ticket_life_h = 25", "limits.ticket_life_h"),
        ("failure_limit = 5", "ticket_life_min = 5", "limits.ticket_life_min"),
        ("service_id =", 'activation = "none"\nservice_id =', "activation"),
        ("mihon-kumiai.example", "Mihon", "mail.sender_domains"),
        ('active = { ja = "利用中", en = "In use" }', 'active = { ja = "利用中" }', "states.active.en"),
        ('active = { ja = "利用中", en = "In use" }', 'active = "利用中"', "states.active"),
        ("[states]", '[states]\nended = { ja = "終了", en = "Ended" }', "states.ended"),
        ('phone = "0120-000-001"', 'phone = "ask"', "contact.phone"),
        (', en = "weekdays, 9:00 to 17:00, except bank holidays"', "", "contact.hours.en"),
        ('hours = { ja = "平日', 'hours = { ja = " ", jp = "平日', "contact.hours.ja"),
        ("mail_entries = 1", "mail_entries = 3", "issuance.mail_entries"),
        ("mail_entries = 1", "password_entries = 0", "issuance.password_entries"),
        ("mail_entries = 1", 'pages = "two-page"', "issuance.pages"),
        ("mail_entries = 1", 'opens_at_login = "sometimes"', "issuance.opens_at_login"),
        ("mail_entries = 1", "entries = 1", "issuance.entries"),
        ('"soft", "hard"', '"hard"', "issuance.mail_entries"),
        (
            'type = "totp"\nalgorithm = "sha1"\ndigits = 8\nperiod_s = 60',
            'type = "hotp"',
            "issuance.mail_entries",
        ),
        ("failure_limit = 5", "issuance_limit = 0", "limits.issuance_limit"),
        ("failure_limit = 5", "issuance_limit = 3", "papers.needed_for"),
        ("[states]", '[papers]\nneeded_for = ["issue_restriction"]\n[states]', "papers.needed_for"),
        ("[states]", '[papers]\nneeded_for = ["wish"]\n[states]', "papers.needed_for"),
        ("[states]", '[papers]\nneeded_for = ["suspension", "suspension"]\n[states]', "papers.needed_for"),
        ("[states]", '[papers]\nneeded_for = ["mail_address"]\n[states]', "papers.needed_for"),
        ("[states]", "[papers]\nneeded = []\n[states]", "papers.needed"),
        ('"change_profile"', '"wish"', "approval.needed_for"),
        ('"change_profile"', '"change_profile", "change_profile"', "approval.needed_for"),
        ('"change_profile"', '"close_paper"', "approval.needed_for"),
        ('"change_profile"', '"lift_restriction"', "approval.needed_for"),
        ("[approval]", "[approval]\nexpires_h = 0", "approval.expires_h"),
        ("[approval]", "[approval]\nexpires_h = 73", "approval.expires_h"),
        ("[approval]", "[approval]\nneeded = []", "approval.needed"),
        ("failure_limit = 5", 'replacement = "never"', "limits.replacement"),
        ('sender_address = "otp@', 'sender_address = "太郎@', "mail.sender_address"),
        ('sender_address = "otp@', 'sender_address = "otp desk@', "mail.sender_address"),
        ('display_name = "none"', 'display_name = "asked"', "app.display_name"),
        ('display_name = "none"', 'consent = "yes"', "app.consent"),
        ('display_name = "none"', "terms = true", "app.terms"),
        ("[states]", '[download]\nfeature_phone = "i-mode"\n[states]', "download.feature_phone"),
        ("[states]", "[download]\nsmartphone = true\n[states]", "download.smartphone"),
        ("[otp]", '[mail.token_issued]\ngreeting = { ja = "毎度" }\n[otp]', "mail.token_issued.greeting.en"),
        ("[otp]", '[mail.token_issued]\nfooter = { ja = "毎度", en = "Hi" }\n[otp]', "mail.token_issued.footer"),
        (
            "[otp]",
            '[mail.token_issued]\nclosing = { ja = "https://x.example", en = "Bye" }\n[otp]',
            "mail.token_issued.closing.ja",
        ),
        (
            "[otp]",
            '[[mail.token_issued.notes]]\nja = "ご覧ください"\nen = "See www.x.example"\n[otp]',
            "mail.token_issued.notes[1].en",
        ),
        (
            'heading = { ja = "トークンとは", en = "What a token is" }',
            'heading = "トークンとは"',
            "notes[3].heading",
        ),
        (', en = "What a token is"', "", "notes[3].heading.en"),
        ('ja = "見本信用組合"', 'ja = "見本信用組合\\nBcc: all@mihon.example"', "name.ja"),
    ],
)
def test_a_profile_that_cannot_be_used_names_file_and_key(
    tmp_path: Path, written: str, instead: str, key: str
) -> None:
    file = tmp_path / "dual.toml"
    assert written in DUAL
    file.write_text(DUAL.replace("otp@mihon-kumiai.example", "otp@x.example").replace(written, instead))
    with pytest.raises(SettingsInvalid) as caught:
        load_profile(file)
    assert caught.value.file == str(file)
    assert caught.value.key == key
    assert caught.value.mend or re.search(r"\bmust\b|is not one of|is not a domain", caught.value.problem)


def test_a_missing_text_is_answered_with_what_to_write(tmp_path: Path) -> None:
    file = tmp_path / "dual.toml"
    file.write_text(DUAL.replace('en = "Mihon Credit Union"\n', ""))
    with pytest.raises(SettingsInvalid, match=r"dual\.toml: name\.en: is missing\. Add it: a text in quotes\."):
        load_profile(file)


def test_notes_stand_under_the_headings_of_the_manuals() -> None:
    shipped = load_institutions()
    headings = {name: [note.heading.ja for note in one.notes if note.heading] for name, one in shipped.items()}
    in_both = ["ワンタイムパスワードとは", "トークンとは", "ワンタイムパスワード利用解除とは"]
    assert headings["dual"] == [*in_both, "ワンタイムパスワード認証の停止について"]
    assert headings["limit-lowering"] == [*in_both, "重要"]


def test_one_time_and_mail_passwords_are_asked_for_as_the_manuals_say() -> None:
    shipped = load_institutions()
    assert shipped["dual"].asks_otp_at == tuple(OtpPurpose)
    assert {name for name, one in shipped.items() if one.mail_password} == {"mail-password", "limit-lowering"}
    assert {one.asks_otp_at for name, one in shipped.items() if name != "dual"} == {(OtpPurpose.LOGIN,)}


def test_papers_and_the_limit_of_issuances_are_those_of_manual_002() -> None:
    shipped = load_institutions()
    taken = shipped["mail-password"]
    assert (taken.issuance_limit, set(taken.papers)) == (3, set(PaperKind))
    succeeding = {name for name, one in shipped.items() if one.replacement is Replacement.SUCCESSOR}
    assert succeeding == {"counter"}
    assert {(one.issuance_limit, one.papers) for name, one in shipped.items() if name != taken.id} == {(None, ())}


def test_nothing_of_fobs_takes_a_second_person_where_none_are_issued(tmp_path: Path) -> None:
    text = (SHIPPED / "corporate.toml").read_text()
    for act in ("issue_hard", "import_seeds", "export_seeds"):
        file = tmp_path / "corporate.toml"
        file.write_text(f'{text}\n[approval]\nneeded_for = ["{act}"]\n')
        with pytest.raises(SettingsInvalid) as caught:
            load_profile(file)
        assert caught.value.key == "approval.needed_for"


def test_what_takes_a_second_person_is_what_the_profiles_list() -> None:
    shipped = load_institutions()
    needed = {name: set(one.approval.needed_for) for name, one in shipped.items() if one.approval.needed_for}
    of_the_house = {ApprovedAct.CHANGE_PROFILE, ApprovedAct.ENROL_STAFF}
    assert needed == {
        "counter": {ApprovedAct.ISSUE_HARD} | of_the_house,
        "dual": of_the_house,
        "limit-lowering": {ApprovedAct.LIFT_SUSPENSION, ApprovedAct.REISSUE} | of_the_house,
        "mail-password": {ApprovedAct.LIFT_RESTRICTION, ApprovedAct.REISSUE} | of_the_house,
    }
    assert {one.approval.expires_after for one in shipped.values()} == {timedelta(hours=8)}


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('[app]\ndisplay_name = "none"', "app"),
        ("[download]\nfeature_phone = true", "download"),
        ('[mail.token_issued]\nclosing = { ja = "敬具", en = "Yours" }', "mail.token_issued"),
    ],
)
def test_where_no_soft_tokens_are_issued_nothing_is_said_about_their_app(
    tmp_path: Path, table: str, key: str
) -> None:
    file = tmp_path / "dual.toml"
    fobs_only = DUAL.replace('"soft", "hard"', '"hard"')
    for ours in ("[issuance]\nmail_entries = 1\n", '[app]\ndisplay_name = "none"\n'):
        assert ours in fobs_only
        fobs_only = fobs_only.replace(ours, "")
    file.write_text(fobs_only)
    assert load_profile(file).kinds == (TokenKind.HARD,)
    file.write_text(fobs_only.replace("[states]", f"{table}\n\n[states]"))
    with pytest.raises(SettingsInvalid, match="about soft tokens") as caught:
        load_profile(file)
    assert caught.value.key == key


def test_what_the_app_does_follows_each_manual() -> None:
    shipped = load_institutions()
    names = {name: profile.app.display_name for name, profile in shipped.items()}
    assert names == {
        "counter": DisplayName.REPLACES,
        "dual": DisplayName.NONE,
        "mail-password": DisplayName.ADDED,
        "limit-lowering": DisplayName.REPLACES,
        "corporate": DisplayName.NONE,
    }
    assert [name for name, profile in shipped.items() if profile.app.consent] == ["mail-password"]
    assert [name for name, profile in shipped.items() if profile.app.feature_phone] == ["limit-lowering"]


def test_an_unknown_key_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    file = tmp_path / "dual.toml"
    file.write_text(DUAL.replace("[limits]", "[limits]\ntries = 3"))
    with pytest.raises(SettingsInvalid, match=r"Known here: .*issuance_limit.*transfer_limit_cap_yen"):
        load_profile(file)


@pytest.mark.parametrize("life", ["ticket_life_min = 11", "ticket_life_min = 0", "ticket_life_h = 1"])
def test_a_strict_ticket_lives_ten_minutes_at_most(tmp_path: Path, life: str) -> None:
    file = tmp_path / "strict.toml"
    strict = DUAL.replace("service_id =", 'activation = "strict"\nservice_id =')
    file.write_text(strict.replace("[limits]", f"[limits]\n{life}"))
    with pytest.raises(SettingsInvalid) as caught:
        load_profile(file)
    assert (caught.value.file, caught.value.key) == (str(file), f"limits.{life.partition(' ')[0]}")


def test_a_strict_profile_is_told_by_its_activation(tmp_path: Path) -> None:
    file = tmp_path / "strict.toml"
    strict = DUAL.replace("service_id =", 'activation = "strict"\nservice_id =')
    for written, minutes in (("", 10), ("ticket_life_min = 4", 4)):
        file.write_text(strict.replace("[limits]", f"[limits]\n{written}"))
        profile = load_profile(file)
        assert (profile.activation, profile.ticket_life) == (Activation.STRICT, timedelta(minutes=minutes))


def test_one_page_leaves_no_place_to_ask_for_the_mail_password(tmp_path: Path) -> None:
    file = tmp_path / "both.toml"
    both = DUAL.replace("service_id =", "mail_password = true\nservice_id =")
    file.write_text(both.replace("mail_entries = 1", 'pages = "one-page"'))
    with pytest.raises(SettingsInvalid, match="or mail_password be false") as caught:
        load_profile(file)
    assert (caught.value.file, caught.value.key) == (str(file), "issuance.pages")


def test_two_profiles_never_share_a_service_id(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}.toml").write_text(DUAL)
    with pytest.raises(SettingsInvalid, match=r"second\.toml: service_id: is the service ID of first, too"):
        load_institutions(tmp_path)


def test_a_profile_is_named_once(tmp_path: Path) -> None:
    other = tmp_path / "dual.toml"
    other.write_text(DUAL)
    with pytest.raises(SettingsInvalid, match="id: dual"):
        load_profiles([SHIPPED / "dual.toml", other])


def test_a_folder_without_profiles_is_no_folder_of_profiles(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="has no profile"):
        load_institutions(tmp_path)


def test_the_id_is_the_name_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "Dual Bank.toml"
    file.write_text(DUAL)
    with pytest.raises(SettingsInvalid, match="lower-case"):
        load_profile(file)


def test_every_key_is_explained_in_the_readme() -> None:
    readme = (SHIPPED / "README.md").read_text()
    source = "".join(file.read_text() for file in sorted(SHIPPED.glob("*.py")))
    readers = "integer|flag|choice|text|texts|table|tables|_matching|_some|_domains"
    keys = set(re.findall(rf'(?:{readers})\([^"()]*"(\w+)"', source))
    assert {"service_id", "window_steps", "notes", "mail_entries", "pages"} <= keys
    for key in keys - {"ja", "en"}:
        assert f"`{key}`" in readme or f"`[{key}]`" in readme or f"`[[{key}]]`" in readme, key


def test_a_profile_written_from_the_readme_alone_says_all_that_it_says() -> None:
    file = Path(__file__).parent / "institutions" / "mihon-nokyo.toml"
    profiles = load_profiles([*SHIPPED.glob("*.toml"), file])
    sixth = profiles["mihon-nokyo"]
    assert len(profiles) == 6
    assert (sixth.activation, sixth.ticket_life) == (Activation.STRICT, timedelta(minutes=8))
    assert sixth.otp == OtpParameters(OtpType.TOTP, Algorithm.SHA256, 6, 30)
    assert (sixth.issuance.mail_entries, sixth.issuance.password_entries) == (2, 1)
    assert (sixth.failure_limit, sixth.issuance_limit, sixth.transfer_limit_cap_yen) == (7, 2, 100_000)
    assert (sixth.states.none.ja, sixth.states.active.ja) == ("お申込み前", "利用中")
    assert sixth.mail_address_label.en == "Mail address of your smartphone"
    defaults = {one.name: one.default for one in fields(Institution)}
    same = {name for name, value in defaults.items() if getattr(sixth, name) == value}
    assert same == {"companies", "hotp_look_ahead", "hotp_first_counter", "typed_first"}, (
        "nothing else was left out"
    )
