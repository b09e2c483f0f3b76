// The app's clock under the test rig: this machine's time and the rig's offset, asked for before the app begins and
// again and again, so that the app notices when somebody moves the rig's clock. Offline it goes on with what it knows.
const ASK_MS = 1000;
const KEPT = "rig-offset-s";
let offset_s = Number(localStorage.getItem(KEPT) ?? 0);

export function nowMs() {
  return Date.now() + offset_s * 1000;
}

async function ask() {
  try {
    const response = await fetch("/rig/clock", { headers: { Accept: "application/json" }, cache: "no-store" });
    offset_s = (await response.json()).offset_s;
    localStorage.setItem(KEPT, String(offset_s));
  } catch {
    // offline: the phone's clock runs on
  }
}

await ask();
setInterval(ask, ASK_MS);
