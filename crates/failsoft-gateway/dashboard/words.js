// Numbers, times and names as people read them.

const WHOLE = new Intl.NumberFormat("en");
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });

export const count = (n) => WHOLE.format(n);
export const counted = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

export function rate(n) {
  if (n === 0) return "0";
  return n < 10 ? n.toFixed(1) : count(Math.round(n));
}

/** A share in percent: small ones are not rounded to nothing, large ones not to everything. */
export function share(part, all) {
  if (all === 0) return "–";
  const percent = (part / all) * 100;
  if (percent > 0 && percent < 0.1) return "<0.1%";
  if (percent < 100 && percent > 99.9) return ">99.9%";
  return `${percent === 0 || percent === 100 || percent >= 10 ? Math.floor(percent * 10) / 10 : percent.toFixed(1)}%`;
}

/** Milliseconds. */
export function span(ms) {
  if (ms == null) return "–";
  if (ms < 1) return "<1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 90_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 129_600_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

/** What is left of a time, in whole seconds: "0 s" would be a lie. */
export const left = (ms) => (ms < 90_000 ? `${Math.max(1, Math.ceil(ms / 1000))} s` : span(ms));

/** Billionths of a dollar. */
export function money(nanos) {
  const dollars = nanos / 1e9;
  if (dollars === 0) return "$0";
  if (dollars < 0.01) return `$${dollars.toPrecision(2)}`;
  return dollars < 1000 ? `$${dollars.toFixed(2)}` : `$${count(Math.round(dollars))}`;
}

const sameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

/** A time of day; with its date if that is not today's. */
export function clock(ms, now = Date.now()) {
  return sameDay(ms, now) ? CLOCK.format(ms) : `${DAY.format(ms)}, ${CLOCK.format(ms)}`;
}

export function minute(ms, now = Date.now()) {
  return sameDay(ms, now) ? MINUTE.format(ms) : `${DAY.format(ms)}, ${MINUTE.format(ms)}`;
}

export const ago = (ms, now = Date.now()) => (now - ms < 1000 ? "just now" : `${span(Math.max(0, now - ms))} ago`);

const KINDS = {
  rate_limited: "rate limited",
  quota_exhausted: "quota used up",
  overloaded: "overloaded",
  server_error: "server error",
  timeout: "too late",
  network: "network",
  bad_request: "bad request",
  context_length_exceeded: "prompt too long",
  content_filtered: "content filtered",
  authentication: "key refused",
  permission: "not permitted",
  model_not_found: "model missing",
  not_found: "not found",
  payload_too_large: "too large",
  unsupported: "unsupported",
  conflict: "conflict",
  bad_response: "no real answer",
  cancelled: "cancelled",
};

export const kind = (name) => KINDS[name] ?? String(name).replaceAll("_", " ");
export const kinds = () => Object.keys(KINDS);
export const plain = (name) => String(name ?? "").replaceAll("_", " ");

/** How a call ended, in the order in which they are counted: its sign and its word. */
export const VERDICTS = {
  served: ["well", "served"],
  resumed: ["well", "resumed"],
  degraded: ["warn", "degraded"],
  failed: ["bad", "lost"],
  cancelled: ["off", "client left"],
};

export const verdict = (name) => VERDICTS[name] ?? ["off", "end not seen"];

/** The sign of how an attempt ended; hollow where its end was not seen. */
export const ending = (outcome) => ({ succeeded: "well", failed: "cross" })[outcome] ?? "off";
