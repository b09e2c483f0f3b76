// The app's clock under the test rig: this machine's time and the rig's offset, asked for again and again,
// so that the app notices when somebody moves the rig's clock. Offline it goes on with the offset it knows.
const ASK_MS = 1000;
let offset_ms = OFFSET_S * 1000;

export function nowMs() {
  return Date.now() + offset_ms;
}

async function ask() {
  try {
    const response = await fetch("/rig/clock", { headers: { Accept: "application/json" }, cache: "no-store" });
    offset_ms = (await response.json()).offset_s * 1000;
  } catch {
    // offline: the phone's clock runs on
  }
}

setInterval(ask, ASK_MS);
ask();
