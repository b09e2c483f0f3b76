"""The doctor's sentences: what was found and what mends it, in Japanese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from devices.doctor import Fault, Finding

# udevd reads rules again only when a file of them has changed, and till then knows no group that came later:
# so the mends write the file anew even where it is the right one
_JA: Final[Mapping[Fault, str]] = {
    Fault.USABLE: "{device} ({path}): 使えます。",
    Fault.NOTHING_ATTACHED: (
        "対応する機器が接続されていません (探しているID: {wanted})。USBで見えている機器: {seen}。"
        "ケーブルと差込口を確認してください。"
    ),
    Fault.NO_NODE: (
        "{device} は接続されていますが ({bus})、{transport} の口がありません。"
        "カーネルのドライバ {driver} が要ります。`sudo modprobe {driver}` を実行し、差し直してください。"
    ),
    Fault.NO_BUS_NODE: (
        "{device} は接続されていますが ({bus})、/dev/bus/usb に口がありません。"
        "端末をコンテナで動かしている場合は、/dev/bus/usb を渡してください。"
    ),
    Fault.RULE_MISSING: (
        "{device} ({path}、モード{mode}): 利用者 {user} は開けません。規則がありません。"
        "`kagiya udev | sudo tee {rule}` と `sudo udevadm control --reload` を実行し、差し直してください。"
    ),
    Fault.RULE_OLD: (
        "{device} ({path}、モード{mode}): 規則 {rule} が古くなっています。"
        "`kagiya udev | sudo tee {rule}` と `sudo udevadm control --reload` を実行し、差し直してください。"
    ),
    Fault.RULE_NOT_APPLIED: (
        "{device} ({path}、モード{mode}): 規則 {rule} がまだ効いていません。"
        "`kagiya udev | sudo tee {rule}` と `sudo udevadm control --reload` を実行し、差し直してください。"
    ),
    Fault.GROUP_MISSING: (
        "{device} ({path}): グループ {group} がありません。"
        "`sudo groupadd --system {group}`、`sudo usermod -aG {group} {user}`、"
        "`kagiya udev | sudo tee {rule}`、`sudo udevadm control --reload` をこの順に実行し、"
        "ログインし直してから差し直してください。"
    ),
    Fault.NOT_IN_GROUP: (
        "{device} ({path}): 利用者 {user} がグループ {group} に入っていません。"
        "`sudo usermod -aG {group} {user}` を実行し、ログインし直してください。"
    ),
    Fault.GROUP_NOT_YET: (
        "{device} ({path}): 利用者 {user} はグループ {group} に加えられましたが、まだ効いていません。"
        "ログインし直してください。"
    ),
    Fault.HELD: (
        "{device} ({path}): ほかのプログラムが使用中です: {program}。"
        "終了してください。それでも使えないときは差し直してください。"
    ),
    Fault.HELD_UNSEEN: (
        "{device} ({path}): ほかの利用者のプログラムが使用中です。"
        "`sudo kagiya doctor` がその名前を示します。終了し、差し直してください。"
    ),
    Fault.MODEM_MANAGER: (
        "{device} ({path}): ModemManagerがこの口を調べに来ます。"
        "`kagiya udev | sudo tee {rule}` と `sudo udevadm control --reload` を実行し、差し直してください。"
    ),
    Fault.CARD_SERVICE: (
        "{device} ({path}): pcscdがこのカードリーダーを使用しています。"
        "`sudo systemctl disable --now pcscd.socket pcscd.service` を実行し、差し直してください。"
    ),
    Fault.CRADLE_MISSING: "クレードル {path} ({device}) がありません。接続と設定を確認してください。",
    Fault.CRADLE_CLOSED: (
        "クレードル {path} (モード{mode}): 利用者 {user} は開けません。"
        "`sudo usermod -aG {group} {user}` を実行し、ログインし直してください。"
    ),
    Fault.CRADLE_OF_OWNER: (
        "クレードル {path} (モード{mode}): 所有者のほかは開けません。"
        "このポートをグループ {station_group} に開くudevの規則が要ります。次に差し直すまでは "
        "`sudo chgrp {station_group} {path}` と `sudo chmod 660 {path}` で使えます。"
    ),
}
_EN: Final[Mapping[Fault, str]] = {
    Fault.USABLE: "{device} ({path}): usable.",
    Fault.NOTHING_ATTACHED: (
        "No known device is attached (looked for: {wanted}). On the USB: {seen}. Check the cable and the socket."
    ),
    Fault.NO_NODE: (
        "{device} is attached ({bus}) but has no {transport} node: the kernel's driver {driver} is missing. "
        "Run `sudo modprobe {driver}` and put the device in again."
    ),
    Fault.NO_BUS_NODE: (
        "{device} is attached ({bus}) but has no node below /dev/bus/usb. "
        "Where the station runs in a container, give it /dev/bus/usb."
    ),
    Fault.RULE_MISSING: (
        "{device} ({path}, mode {mode}): closed to user {user}, because the rule is missing. "
        "Run `kagiya udev | sudo tee {rule}` and `sudo udevadm control --reload`, then put the device in again."
    ),
    Fault.RULE_OLD: (
        "{device} ({path}, mode {mode}): the rule {rule} is out of date. "
        "Run `kagiya udev | sudo tee {rule}` and `sudo udevadm control --reload`, then put the device in again."
    ),
    Fault.RULE_NOT_APPLIED: (
        "{device} ({path}, mode {mode}): the rule {rule} has not been applied yet. "
        "Run `kagiya udev | sudo tee {rule}` and `sudo udevadm control --reload`, then put the device in again."
    ),
    Fault.GROUP_MISSING: (
        "{device} ({path}): there is no group {group}. Run in this order `sudo groupadd --system {group}`, "
        "`sudo usermod -aG {group} {user}`, `kagiya udev | sudo tee {rule}` and `sudo udevadm control --reload`, "
        "then log in again and put the device in again."
    ),
    Fault.NOT_IN_GROUP: (
        "{device} ({path}): user {user} is not in group {group}. "
        "Run `sudo usermod -aG {group} {user}` and log in again."
    ),
    Fault.GROUP_NOT_YET: (
        "{device} ({path}): user {user} was added to group {group} and has not logged in since. Log in again."
    ),
    Fault.HELD: (
        "{device} ({path}): in use by another program: {program}. "
        "Close it; if that does not help, put the device in again."
    ),
    Fault.HELD_UNSEEN: (
        "{device} ({path}): in use by a program of another user, which `sudo kagiya doctor` names. "
        "Close it, and put the device in again."
    ),
    Fault.MODEM_MANAGER: (
        "{device} ({path}): ModemManager searches this port. "
        "Run `kagiya udev | sudo tee {rule}` and `sudo udevadm control --reload`, then put the device in again."
    ),
    Fault.CARD_SERVICE: (
        "{device} ({path}): pcscd keeps this card reader for itself. "
        "Run `sudo systemctl disable --now pcscd.socket pcscd.service` and put the device in again."
    ),
    Fault.CRADLE_MISSING: "Cradle {path} ({device}) is not there. Check the cable and the setting.",
    Fault.CRADLE_CLOSED: (
        "Cradle {path} (mode {mode}): closed to user {user}. "
        "Run `sudo usermod -aG {group} {user}` and log in again."
    ),
    Fault.CRADLE_OF_OWNER: (
        "Cradle {path} (mode {mode}): open to its owner alone. "
        "A udev rule must open this port to the group {station_group}; until it is put in again "
        "`sudo chgrp {station_group} {path}` and `sudo chmod 660 {path}` do it."
    ),
}
WORDS: Final = {"ja": _JA, "en": _EN}


def sentence(finding: Finding, language: str) -> str:
    """One finding in `ja` or `en`."""
    return WORDS[language][finding.fault].format_map(finding.facts)
