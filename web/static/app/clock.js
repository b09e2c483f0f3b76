// The phone's clock. The only place that asks for the time.
export const nowMs = () => Date.now();
