// The phone's clock. The only place that asks for the time.
export function nowMs() {
  return Date.now();
}
