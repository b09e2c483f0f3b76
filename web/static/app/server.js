// What the app asks of the server (docs/app-protocol.md).
import { nowMs } from "./clock.js";

const TIMEOUT_MS = 20000;
const TOLD = ["refused", "too_many_today"];

// `reason` names a text.
export function insist(good, reason = "not_authentic") {
  if (!good) throw Object.assign(new Error(reason), { reason });
}

// Without a body: GET.
export async function ask(what, body) {
  const sent = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const rest = { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error", credentials: "omit" };
  const response = await fetch(`/api/app/v1/${what}`, { ...sent, ...rest }).catch(() => null);
  insist(response, "offline");
  const answer = await response.json().catch(() => null);
  insist(answer || !response.ok, "offline");
  insist(response.ok, TOLD.includes(answer?.error) ? answer.error : "unavailable");
  return answer;
}

// What the service asks for, before anybody types a password.
export const wishes = (ids) => ask("begin", ids);

// Ms ahead of the server, undefined if nobody answers.
export async function clockAhead() {
  const asked = nowMs();
  const answer = await ask("time").catch(() => undefined);
  return answer && (asked + nowMs()) / 2 - Date.parse(answer.server_time);
}
