// Every word the app shows, Japanese and English. {name} is filled in.
const WORDS = {
  app: ["ワンタイムパスワード", "One-Time Password"],
  other: ["English", "日本語"],
  must: ["必須", "Required"],
  may: ["任意", "Optional"],
  back: ["戻る", "Back"],
  setup: ["トークンの初期設定", "Set up a token"],
  setupLead: ["案内メールのIDと、お申込みのときに決めた利用開始パスワードを入力してください。",
    "Enter the numbers from our mail and the activation password you chose when applying."],
  serviceId: ["サービスID", "Service ID"],
  serviceIdHint: ["数字8桁", "8 digits"],
  userId: ["ユーザID", "User ID"],
  userIdHint: ["メールのとおりに", "As in the mail"],
  password: ["利用開始パスワード", "Activation password"],
  passwordHint: ["数字4～8桁。外へは送信されません。", "4 to 8 digits. It is not sent anywhere."],
  setupCode: ["初期設定コード", "Set-up code"],
  setupCodeHint: ["お申込みの画面の英数字10文字", "10 characters from the bank's page"],
  show: ["表示", "Show"],
  hide: ["隠す", "Hide"],
  consent: ["ご利用にあたって", "Before you go on"],
  consent1: ["番号を作る鍵を、この端末に読み出せない形で保存します。",
    "The key that makes the codes stays on this device and cannot be read."],
  consent2: ["番号は、だれにも教えないでください。職員もお尋ねしません。", "Never tell anybody a code. Staff will not ask for it."],
  consent3: ["機種変更や削除の前に、必ず利用解除をしてください。", "Release the token before you change your phone or delete it."],
  agree: ["上記の内容に同意する", "I agree to the above"],
  send: ["送信して設定する", "Send and set up"],
  sending: ["設定しています…", "Setting up…"],
  check: ["入力内容をご確認ください", "Please check what you entered"],
  needServiceId: ["サービスIDは数字8桁です。", "The service ID has 8 digits."],
  needUserId: ["ユーザIDを入力してください。", "Enter the user ID."],
  needPassword: ["利用開始パスワードは数字4～8桁です。", "The activation password has 4 to 8 digits."],
  needSetupCode: ["初期設定コードも入力してください。", "Enter the set-up code, too."],
  needConsent: ["お読みになり、同意してください。", "Please read and agree."],
  failed: ["設定できませんでした", "The token could not be set up"],
  refused: ["入力のどれかが違うか、期限切れです。メールとお確かめください。何度も違うと設定できなくなり、メールの再送が必要です。",
    "Something is wrong, or time is up. Compare with the mail. After too many mistakes it must be sent again."],
  too_many_today: ["間違いが多く、本日は受け付けられません。明日お試しになるか、メールの連絡先へご相談ください。",
    "Too many mistakes for today. Try tomorrow, or ask the contact in the mail."],
  offline: ["通信できませんでした。電波の届く場所でもう一度お試しください。続きから設定できます。",
    "No connection. Try again where reception is good; it continues where it stopped."],
  unavailable: ["ただいま受け付けられません。しばらくしてからお試しください。", "No answer just now. Please try again in a while."],
  not_authentic: ["応答が本物と確かめられません。利用開始パスワードをお確かめください。続くときは、メールの連絡先へご相談ください。",
    "The answer may not be genuine. Check the activation password; if it happens again, ask the contact in the mail."],
  broken: ["保存できませんでした。空き容量と、プライベートモードでないことをお確かめください。",
    "Nothing could be saved. Check free space, and that you are not in private mode."],
  cut: ["前回の設定が途中です", "Your last set-up was cut off"],
  cutHelp: ["利用開始パスワードを入力すると、続きから設定できます。", "Enter the activation password to continue."],
  full: ["登録は10件までです。使わないトークンを削除すると追加できます。", "You can keep 10 tokens. Delete one you no longer use first."],
  done: ["初期設定が完了しました", "Your token is set up"],
  doneLead: ["{institution}の番号を{seconds}秒ごとに表示します。", "It shows a code of {institution} every {seconds} seconds."],
  next: ["次に、インターネットバンキングで利用開始をしてください。それまで番号は使えません。",
    "In internet banking, start using one-time passwords. No code is valid before."],
  name: ["トークン表示名", "Display name"],
  nameHint: ["例：給与用。空欄も可、20文字まで。", "Such as payroll. May stay empty; 20 characters."],
  register: ["登録する", "Register"],
  left: ["あと {seconds} 秒", "{seconds} s left"],
  copied: ["コピーしました", "Copied"],
  tap: ["番号を押すとコピーします", "Press a code to copy it"],
  add: ["トークンを追加", "Add a token"],
  edit: ["編集", "Edit"],
  save: ["保存する", "Save"],
  removal: ["トークンの削除", "Delete the token"],
  removalLead: ["元に戻せず、利用解除にもなりません。先に利用解除をしてください。",
    "Cannot be undone, and does not release the token. Release it first."],
  sure: ["{name}（{user}）を削除しますか。", "Delete {name} ({user})?"],
  yes: ["削除する", "Delete"],
  removed: ["削除しました", "Deleted"],
  fast: ["時計が約{time}進んでいます", "The clock is about {time} fast"],
  slow: ["時計が約{time}遅れています", "The clock is about {time} slow"],
  clockHelp: ["番号が合いません。端末の日付と時刻を「自動」、タイムゾーンを「日本」にしてください。",
    "Codes will not match. Set date and time to automatic and the time zone to Japan."],
  unsupported: ["新しいブラウザで、メールのアドレスのまま（https）開いてください。",
    "Open the address as in the mail (https), in a recent browser."],
};

let language = "ja";

export function speak(wanted) {
  language = wanted === "en" ? "en" : "ja";
  document.documentElement.lang = language;
  document.title = t("app");
}

export const spoken = () => language;

export function t(name, values = {}) {
  return WORDS[name][+(language === "en")].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}
