// BAP003: a card for every token.
import { called, titles } from "./names.js";
import { MOST_TOKENS } from "./store.js";
import { t } from "./texts.js";
import { codeAt, secondsLeft, stepAt } from "./totp.js";
import { button, h, say, show } from "./view.js";

// What has to be told the time every second.
export function showCodes(list, warning, edit, add) {
  const isTwin = (token) => list.some((one) => one !== token && called(one) === called(token));
  const cards = list.map((token) => card(token, isTwin(token), edit));
  const more = list.length < MOST_TOKENS ? button(`＋ ${t("add")}`, add) : h("p", {}, t("full"));
  show("BAP003", t("app"), warning, ...cards.map((one) => one.whole), h("p", { class: "hint" }, t("tap")), more);
  return (ms) => cards.forEach((one) => one.tick(ms));
}

function card(token, isTwin, edit) {
  const ring = h("span", { class: "ring" });
  const left = h("span");
  let step;
  let code;
  const copy = () => navigator.clipboard.writeText(code).then(() => say(t("copied")), () => say(t("notCopied")));
  const digits = h("button", { type: "button", class: "code", click: copy });
  const change = button(t("edit"), () => edit(token), "plain");
  change.setAttribute("aria-label", `${t("edit")}: ${called(token)}`);
  const [first, second] = titles(token);
  const title = h("h2", {}, first, " ", h("span", {}, isTwin ? `${second} ${token.ids.user_id}` : second));
  const whole = h("article", { class: "card" }, h("header", {}, title, change), digits, h("p", { class: "left" }, ring, left));
  async function tick(ms) {
    const seconds = secondsLeft(token.otp, ms);
    left.textContent = t("left", { seconds });
    ring.style.setProperty("--part", seconds / token.otp.period_s);
    whole.classList.toggle("soon", seconds <= 5);
    if (step === stepAt(token.otp, ms)) return;
    step = stepAt(token.otp, ms);
    code = await codeAt(token, ms);
    const halves = [code.slice(0, code.length / 2), code.slice(code.length / 2)];
    digits.replaceChildren(h("span", {}, halves[0]), " ", h("span", {}, halves[1]));
    digits.setAttribute("aria-label", `${halves.map((half) => [...half].join(" ")).join(", ")} (${called(token)})`);
  }
  return { whole, tick };
}
