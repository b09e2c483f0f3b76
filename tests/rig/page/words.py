"""Every word of the rig page in both languages."""

from __future__ import annotations

from typing import Final

LANGUAGES: Final = ("ja", "en")

WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("試験台", "Test rig"),
    "product": ("鍵屋", "Kagiya"),
    "lead": (
        "本物と同じように動く模擬トークンです。抜き差しし、故障させ、時計を進めて、画面の動きを確かめてください。",
        "Emulated tokens that behave like real ones. Unplug them, break them, move the clock, watch the pages.",
    ),
    "demo_home": ("デモの入口へ", "To the demo"),
    "other_language": ("English", "日本語"),
    "clock": ("時計", "Clock"),
    "japan_time": ("日本時間", "time in Japan"),
    "real_time": ("実際の時刻のままです", "This is the real time"),
    "moved": ("実際の時刻との差", "Away from the real time by"),
    "days": ("日", "d"),
    "add_minute": ("+60 秒", "+60 s"),
    "add_day": ("+1 日", "+1 day"),
    "to_night": ("20:49:50 へ", "To 20:49:50"),
    "drawer": ("引き出し", "The drawer"),
    "display": ("表示", "Display"),
    "blank": ("番号なし", "no code"),
    "seconds_left": ("あと %s 秒", "%s s left"),
    "copy": ("番号をコピー", "Copy code"),
    "copied": ("コピーしました", "Copied"),
    "serial": ("製造番号", "Serial"),
    "profile": ("機種", "Profile"),
    "transport": ("接続", "Link"),
    "transport_hid": ("USB HID", "USB HID"),
    "transport_serial": ("シリアル台", "Serial cradle"),
    "firmware": ("版", "Firmware"),
    "battery": ("電池", "Battery"),
    "generation": ("書込み回数", "Writes"),
    "plugged": ("差してあります", "Plugged in"),
    "unplugged": ("抜いてあります", "Unplugged"),
    "talking": ("通信中", "Talking"),
    "plug": ("差し込む", "Plug in"),
    "unplug": ("抜く", "Unplug"),
    "press": ("ボタンを押す", "Press the button"),
    "fault": ("故障", "Fault"),
    "fault_set": ("設定", "Set"),
    "report": (
        "何番目のレポート（書込みは HID で約 28、シリアルで約 20）",
        "Report number (a write has about 28 on HID, 20 on serial)",
    ),
    "fault_none": ("なし", "None"),
    "fault_cut": ("途中で抜ける", "Cable out after a report"),
    "fault_stall": ("途中で止まる", "Stalls after a report"),
    "fault_wrong_crc": ("検査値が壊れる", "Wrong checksum"),
    "fault_stray_bytes": ("余計なバイトが混じる", "Stray bytes"),
    "fault_mute": ("まったく答えない", "Mute"),
    "fault_wrong_serial": ("別の製造番号を名乗る", "Tells another serial"),
    "fault_low_battery": ("電池切れ間近", "Low battery"),
    "fault_wrong_clock": ("時計が 1 時間進んでいる", "Clock an hour fast"),
    "fault_clock_stopped": ("時計が止まっている", "Clock stopped"),
    "fault_flash_broken": ("書き込めない", "Memory cannot be written"),
    "fault_unknown_firmware": ("知らない版", "Unknown firmware"),
    "fault_not_genuine": ("偽物", "Not genuine"),
    "inbox": ("届いたメール", "Inbox"),
    "no_mail": (
        "まだ届いていません。鍵屋が送るメールはすべてここに届きます。",
        "Nothing yet. Every mail the product sends arrives here.",
    ),
    "to": ("宛先", "To"),
    "from": ("差出人", "From"),
    "offline": (
        "試験台から返事がありません。止まっているようです。",
        "The rig does not answer; it seems to be stopped.",
    ),
}


def words(language: str) -> dict[str, str]:
    """The page's words in `language` (`ja` or `en`)."""
    column = LANGUAGES.index(language)
    return {key: pair[column] for key, pair in WORDS.items()}
