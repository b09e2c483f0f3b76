// The app: which screen comes after which. BAP001 is in entry.js.
import { nowMs } from "./clock.js";
import { entry, held } from "./entry.js";
import { MOST_TOKENS, clockAhead } from "./setup.js";
import * as store from "./store.js";
import { speak, spoken, t } from "./texts.js";
import { codeAt, secondsLeft, stepAt } from "./totp.js";
import { button, field, find, form, h, notice, say, sender, show } from "./view.js";

const CLOCK_EVERY_MS = 600000;
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
let ahead = 0;
let ticking;
let again;

function go(screen, ...facts) {
  clearTimeout(ticking);
  again = () => go(screen, ...facts);
  return screen(...facts);
}

const home = async () => ((await store.tokens()).length ? go(codes) : go(enter));
const called = (token) => [token.institution[spoken()], token.name].filter(Boolean).join(" ");

async function enter(typed) {
  const back = (await store.tokens()).length ? () => go(codes) : null;
  again = () => go(enter, held());
  return entry((token) => {
    go(named, token);
    navigator.storage.persist?.();
    checkClock();
  }, back, clockWarning, typed);
}

// BAP002: named
function named(token) {
  const lead = t("doneLead", { institution: token.institution[spoken()], seconds: token.otp.period_s });
  show("BAP002", t("done"), clockWarning(), notice("good", lead, h("p", {}, t("next"))), nameForm(token, "register"));
}

function nameForm(token, act) {
  const name = field("name", "may", { maxlength: 20, value: token.name });
  return form(async () => {
    await store.put("tokens", { ...token, name: name.input.value.trim() });
    go(codes);
  }, name.whole, sender(t(act)));
}

// BAP003
async function codes() {
  const list = await store.tokens();
  const cards = list.map(card);
  const more = list.length < MOST_TOKENS ? button(`＋ ${t("add")}`, () => go(enter)) : h("p", {}, t("full"));
  (function tick() {
    for (const one of cards) one.tick(nowMs());
    ticking = setTimeout(tick, 1000 - (nowMs() % 1000));
  })();
  show("BAP003", t("app"), clockWarning(), ...cards.map((one) => one.whole), h("p", { class: "hint" }, t("tap")), more);
}

function card(token) {
  const ring = h("span", { class: "ring" });
  const left = h("span");
  let step;
  let code;
  const copy = () => navigator.clipboard.writeText(code).then(() => say(t("copied")));
  const digits = h("button", { type: "button", class: "code", click: copy });
  const change = button(t("edit"), () => go(edit, token), "plain");
  change.setAttribute("aria-label", `${t("edit")}: ${called(token)}`);
  const title = h("h2", {}, token.institution[spoken()], " ", h("span", {}, token.name));
  const whole = h("article", { class: "card" }, h("header", {}, title, change), digits, h("p", { class: "left" }, ring, left));
  async function tick(ms) {
    const seconds = secondsLeft(token.otp, ms);
    left.textContent = t("left", { seconds });
    ring.style.setProperty("--part", seconds / token.otp.period_s);
    whole.classList.toggle("soon", seconds <= 5);
    if (step === stepAt(token.otp, ms)) return;
    step = stepAt(token.otp, ms);
    code = await codeAt(token, ms);
    const half = code.length / 2;
    digits.replaceChildren(h("span", {}, code.slice(0, half)), " ", h("span", {}, code.slice(half)));
    digits.setAttribute("aria-label", `${[...code].join(" ")} (${called(token)})`);
  }
  return { whole, tick };
}

// BAP004
function edit(token) {
  const drop = async () => {
    await store.remove("tokens", token.id);
    await home();
    say(t("removed"));
  };
  const sure = h("dialog", { "aria-labelledby": "sure" },
    h("p", { id: "sure" }, t("sure", { name: called(token), user: token.ids.user_id })),
    button(t("yes"), drop, "danger"), button(t("back"), () => sure.close()));
  show("BAP004", called(token), h("p", {}, `${t("serviceId")} ${token.ids.service_id}`, h("br"), `${t("userId")} ${token.ids.user_id}`),
    nameForm(token, "save"), button(t("back"), () => go(codes)),
    h("section", { class: "apart" }, h("h2", {}, t("removal")), h("p", {}, t("removalLead")),
      button(t("yes"), () => sure.showModal(), "danger")), sure);
}

function clockWarning() {
  const seconds = Math.round(Math.abs(ahead) / 1000);
  if (!seconds) return null;
  const [unit, size] = UNITS.find((one) => seconds >= 1.5 * one[1]);
  const words = new Intl.NumberFormat(spoken(), { style: "unit", unit, unitDisplay: "long" });
  const time = words.format(Math.round(seconds / size)).replace(" ", spoken() === "ja" ? "" : " ");
  return notice("warn", t(ahead > 0 ? "fast" : "slow", { time }), h("p", {}, t("clockHelp")));
}

async function checkClock() {
  ahead = (await clockAhead()) ?? ahead;
  find(".notice.warn")?.remove();
  const warning = clockWarning();
  if (warning) find("h1").after(warning);
}

function label() {
  const other = find("#language");
  other.textContent = t("other");
  other.lang = spoken() === "ja" ? "en" : "ja";
}

async function start() {
  speak((await store.get("choices", "language"))?.value ?? spoken());
  label();
  find("#language").addEventListener("click", async ({ target }) => {
    speak(target.lang);
    await store.put("choices", { id: "language", value: spoken() });
    label();
    again();
  });
  await home();
  checkClock();
  setInterval(checkClock, CLOCK_EVERY_MS);
  document.addEventListener("visibilitychange", () => document.hidden || checkClock());
  navigator.serviceWorker?.register("/app/sw.js");
}

const refuse = (words) => show("BAP009", t("app"), notice("bad", t(words)));

speak(document.documentElement.lang);
if (!isSecureContext || !self.indexedDB) refuse("unsupported");
else start().catch(() => refuse("broken"));
