// Setting a token up: begin, prove, receive (docs/app-protocol.md).
import { nowMs } from "./clock.js";
import * as secret from "./crypto.js";
import * as store from "./store.js";

export const MOST_TOKENS = 10;
const LEAST_ITERATIONS = 600000;
const MOST_ITERATIONS = 10000000;
const TIMEOUT_MS = 20000;
const CLOCK_TOLERANCE_MS = 30000;
const DAY_MS = 86400000;
const TOLD = ["refused", "too_many_today"];

// `reason` names a text.
const failed = (reason) => Object.assign(new Error(reason), { reason });

function insist(good) {
  if (!good) throw failed("not_authentic");
}

export async function setUp(ids, password, code) {
  const id = Object.values(ids).join("/");
  const kept = await store.get("pending", id);
  const appKey = kept && isRecent(kept) ? kept.appKey : await secret.newAppKey();
  const pending = { id, ids, appKey };
  // once more if busy or the nonce was too old
  const told = await prove(pending, password, code).catch(async (error) => {
    if (error.reason === "unavailable") return prove(pending, password, code);
    if (error.reason === "refused" && !kept) await store.remove("pending", id);
    throw error;
  });
  const known = await store.get("tokens", id);
  const token = { name: "", addedAt: nowMs(), ...known, ...told, id, ids };
  await store.finish(token, id);
  return token;
}

async function prove(pending, password, code) {
  const { ids, appKey } = pending;
  const { version, salt, iterations, nonce, needs_setup_code } = await ask("begin", ids);
  insist(version === 1 && iterations >= LEAST_ITERATIONS && iterations <= MOST_ITERATIONS);
  if (needs_setup_code && !code) throw failed("needSetupCode");
  const typed = needs_setup_code ? `${password}:${code}` : password;
  const keys = await secret.directionKeys(typed, secret.fromBase64url(salt), iterations);
  const app_key = await secret.publicJwk(appKey);
  const print = await secret.thumbprint(app_key);
  const setting = (sent) => [location.origin, ...Object.values(ids), sent.nonce, sent.app_nonce, print];
  const sent = { nonce, app_nonce: secret.toBase64url(crypto.getRandomValues(new Uint8Array(32))) };
  const mac = await secret.proofMac(keys, setting(sent));
  // now the server may have drawn a seed, for this key alone
  await store.put("pending", { ...pending, sentAt: nowMs() });
  const answer = await ask("complete", { ...ids, ...sent, origin: location.origin, app_key, mac });
  const { institution, otp, ticket } = answer;
  insist(answer.version === 1 && Object.keys(ids).every((name) => answer[name] === ids[name]));
  insist(await secret.isAuthentic(keys, setting(answer), answer));
  insist(otp.type === "totp" && [6, 8].includes(otp.digits) && [30, 60].includes(otp.period_s));
  return { institution, otp, ticket, key: await secret.openSeed(appKey, answer) };
}

// Without a body: GET.
async function ask(what, body) {
  const sent = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const rest = { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error", credentials: "omit" };
  const response = await fetch(`/api/app/v1/${what}`, { ...sent, ...rest }).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (!answer) throw failed("offline");
  if (!response.ok) throw failed(TOLD.includes(answer.error) ? answer.error : "unavailable");
  return answer;
}

const isRecent = (pending) => pending.sentAt > nowMs() - DAY_MS;

export const unfinished = async () => (await store.all("pending")).find(isRecent);

// Ms ahead of the server: 0 if harmless, undefined if nobody answers.
export async function clockAhead() {
  const asked = nowMs();
  const answer = await ask("time").catch(() => undefined);
  const heard = nowMs();
  if (!answer) return undefined;
  const ahead = (asked + heard) / 2 - Date.parse(answer.server_time);
  return Math.abs(ahead) > CLOCK_TOLERANCE_MS ? ahead : 0;
}
