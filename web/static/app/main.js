// The app: which screen comes after which. A screen that is not there from the start loads what it needs.
import { nowMs } from "./clock.js";
import { checkClock, clockWarning } from "./skew.js";
import * as store from "./store.js";
import { speak, spoken, t } from "./texts.js";
import { find, notice, show } from "./view.js";

const ATTEND_EVERY_MS = 600000;
const FIRST_LANGUAGE = document.documentElement.lang;
let again;
let turn = 0;
let resting;
let registration;
let isStale = false;

function go(screen, ...facts) {
  turn += 1;
  again = () => go(screen, ...facts);
  return screen(...facts);
}

const home = async () => go((await store.tokens()).length ? codes : enter);

// BAP001
async function enter(typed) {
  const { entry, held } = await import("./entry.js");
  const back = (await store.tokens()).length ? () => go(codes) : null;
  again = () => go(enter, find("#serviceId") ? held() : typed);
  await entry((token) => {
    go(done, token);
    navigator.storage.persist?.();
    attend();
  }, back, clockWarning, typed);
}

// BAP002
async function done(token) {
  const { showDone } = await import("./after.js");
  showDone(token, clockWarning(), () => (token.display_name === "none" ? go(codes) : go(named, token)));
}

// BAP006
async function named(token) {
  const { showNaming } = await import("./after.js");
  showNaming(token, clockWarning(), () => go(codes));
}

// BAP003
async function codes() {
  const mine = turn;
  const { showCodes } = await import("./codes.js");
  const list = await store.tokens();
  if (mine !== turn) return;
  const tick = showCodes(list, clockWarning(), (token) => go(change, token), () => go(enter));
  resting = mine;
  (function everySecond() {
    if (mine !== turn) return;
    renew();
    tick(nowMs());
    setTimeout(everySecond, 1000 - (nowMs() % 1000));
  })();
}

// BAP004
async function change(token) {
  const { edit } = await import("./edit.js");
  await edit(token, { codes: () => go(codes), home, stay: () => go(change, token) });
}

// The clock, and whether there is a new version.
function attend() {
  registration?.update().catch(() => {});
  checkClock();
}

// While codes are shown nobody is in the middle of anything: a new version may take over, in every tab.
function renew() {
  registration?.waiting?.postMessage("take over");
  if (isStale) location.reload();
}

async function keepOffline({ serviceWorker }) {
  if (!serviceWorker) return;
  let isUpdate = !!serviceWorker.controller;
  serviceWorker.addEventListener("controllerchange", () => {
    isStale = isUpdate;
    isUpdate = true;
  });
  registration = await serviceWorker.register("/app/sw.js");
}

function label() {
  const other = find("#language");
  other.textContent = t("other");
  other.lang = spoken() === "ja" ? "en" : "ja";
}

async function start() {
  await speak((await store.get("choices", "language"))?.value ?? FIRST_LANGUAGE);
  label();
  find("#language").addEventListener("click", async ({ target }) => {
    await speak(target.lang);
    await store.put("choices", { id: "language", value: spoken() });
    label();
    again();
  });
  await home();
  store.whenOtherTabsChange(() => resting === turn && go(codes));
  attend();
  setInterval(attend, ATTEND_EVERY_MS);
  document.addEventListener("visibilitychange", () => document.hidden || attend());
  keepOffline(navigator).catch(() => {});
}

async function refuse(words) {
  await speak(FIRST_LANGUAGE);
  show("BAP009", t("app"), notice("bad", t(words)));
}

if (![isSecureContext, self.indexedDB, self.BroadcastChannel, navigator.locks].every(Boolean)) refuse("unsupported");
else start().catch(() => refuse("broken"));
