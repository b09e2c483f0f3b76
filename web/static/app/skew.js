// The warning about a wrong clock.
import { clockAhead } from "./server.js";
import { spoken, t } from "./texts.js";
import { find, h, notice } from "./view.js";

const TOLERANCE_MS = 30000;
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
let ahead = 0;

export function clockWarning() {
  const seconds = Math.round(Math.abs(ahead) / 1000);
  if (Math.abs(ahead) <= TOLERANCE_MS) return null;
  const [unit, size] = UNITS.find((one) => seconds >= 1.5 * one[1]);
  const words = new Intl.NumberFormat(spoken(), { style: "unit", unit, unitDisplay: "long" });
  const time = words.format(Math.round(seconds / size)).replace(" ", spoken() === "ja" ? "" : " ");
  return notice("warn", t(ahead > 0 ? "fast" : "slow", { time }), h("p", {}, t("clockHelp")));
}

export async function checkClock() {
  ahead = (await clockAhead()) ?? ahead;
  find(".notice.warn")?.remove();
  const warning = clockWarning();
  if (warning) find("h1").after(warning);
}
