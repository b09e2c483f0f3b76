// Setting a token up: begin, prove, receive (docs/app-protocol.md).
import { nowMs } from "./clock.js";
import * as secret from "./crypto.js";
import { ask, insist, wishes } from "./server.js";
import * as store from "./store.js";

const LEAST_ITERATIONS = 600000;
const MOST_ITERATIONS = 10000000;
// longer than any ticket, even if the clock was put right by days meanwhile
const KEPT_MS = 604800000;

// One tab at a time; `given`: password, and code and agreed where they are asked for.
export function setUp(ids, given) {
  const asked = nowMs();
  return navigator.locks.request("set-up", async () => {
    const id = Object.values(ids).join("/");
    const list = await store.tokens();
    const known = list.find((one) => one.id === id);
    if (known?.setUpAt >= asked) return known; // another tab was quicker
    insist(known || list.length < store.MOST_TOKENS, "full");
    const told = await received({ id, ids }, given);
    const place = 1 + Math.max(-1, ...list.map((one) => one.place));
    const token = { name: "", place, ...known, ...told, id, ids, setUpAt: nowMs() };
    await store.finish(token, id);
    return token;
  });
}

async function received(pending, given) {
  const kept = await store.get("pending", pending.id);
  const appKey = kept && isRecent(kept) ? kept.appKey : await secret.newAppKey();
  // once more if busy or the nonce was too old
  return prove({ ...pending, appKey }, given).catch(async (error) => {
    if (error.reason === "unavailable") return prove({ ...pending, appKey }, given);
    if (error.reason === "refused" && !kept) await store.remove("pending", pending.id);
    throw error;
  });
}

async function prove(pending, { password, code, agreed }) {
  const { ids, appKey } = pending;
  const { version, salt, iterations, nonce, ...wished } = await wishes(ids);
  insist(version === 1 && iterations >= LEAST_ITERATIONS && iterations <= MOST_ITERATIONS);
  insist(code || !wished.needs_setup_code, "needSetupCode");
  insist(agreed || !wished.needs_consent, "needConsent");
  const typed = wished.needs_setup_code ? `${password}:${code}` : password;
  const keys = await secret.directionKeys(typed, secret.fromBase64url(salt), iterations);
  const app_key = await secret.publicJwk(appKey);
  const print = await secret.thumbprint(app_key);
  const setting = (sent) => [location.origin, ...Object.values(ids), sent.nonce, sent.app_nonce, print];
  const sent = { nonce, app_nonce: secret.toBase64url(crypto.getRandomValues(new Uint8Array(32))) };
  const mac = await secret.proofMac(keys, setting(sent));
  // now the server may have drawn a seed, for this key alone
  await store.put("pending", { ...pending, sentAt: nowMs() });
  const answer = await ask("complete", { ...ids, ...sent, origin: location.origin, app_key, mac });
  const { institution, display_name, otp, ticket } = answer;
  insist(answer.version === 1 && Object.keys(ids).every((name) => answer[name] === ids[name]));
  insist(await secret.isAuthentic(keys, setting(answer), answer));
  insist(otp.type === "totp" && [6, 8].includes(otp.digits) && [30, 60].includes(otp.period_s));
  return { institution, display_name, otp, ticket, key: await secret.openSeed(appKey, answer) };
}

const isRecent = (pending) => Math.abs(nowMs() - pending.sentAt) < KEPT_MS;

export const unfinished = async () => (await store.all("pending")).find(isRecent);
