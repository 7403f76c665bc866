import type { Preferences } from "@/preferences/preferences";

type Zone = Preferences["zone"];

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** How long, in at most two units: `12 ms`, `3.4 s`, `5 min 2 s`, `3 d 4 h`. */
export function duration(seconds: number): string {
  const value = Math.max(0, seconds);
  if (value < 0.0005) return "0 ms";
  if (value < 0.9995) return `${Math.round(value * 1000)} ms`;
  if (value < 9.95) return `${value.toFixed(1)} s`;
  if (value < MINUTE_S) return `${Math.round(value)} s`;
  if (value < HOUR_S) return two(value, MINUTE_S, "min", 1, "s");
  if (value < DAY_S) return two(value, HOUR_S, "h", MINUTE_S, "min");
  return two(value, DAY_S, "d", HOUR_S, "h");
}

function two(seconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((seconds % large) / small);
  const head = `${Math.floor(seconds / large)} ${largeName}`;
  return rest ? `${head} ${rest} ${smallName}` : head;
}

export function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

/** `12 s ago`, `in 3 min`. */
export function relative(at: string, nowMs: number): string {
  const seconds = (nowMs - Date.parse(at)) / 1000;
  if (Math.abs(seconds) < 1) return "now";
  const length = coarse(Math.floor(Math.abs(seconds)));
  return seconds > 0 ? `${length} ago` : `in ${length}`;
}

/** The largest unit alone: what changes every second must not be more exact than it is read. */
function coarse(seconds: number): string {
  if (seconds < MINUTE_S) return `${seconds} s`;
  if (seconds < HOUR_S) return `${Math.floor(seconds / MINUTE_S)} min`;
  if (seconds < DAY_S) return `${Math.floor(seconds / HOUR_S)} h`;
  return `${Math.floor(seconds / DAY_S)} d`;
}

function options(zone: Zone): Intl.DateTimeFormatOptions {
  return zone === "utc" ? { timeZone: "UTC" } : {};
}

/** Date and time with its zone, to the millisecond. */
export function absolute(at: string, zone: Zone): string {
  const format = new Intl.DateTimeFormat("sv-SE", {
    ...options(zone),
    dateStyle: "short",
    timeStyle: "medium",
  });
  const moment = new Date(at);
  const ms = String(moment.getUTCMilliseconds()).padStart(3, "0");
  return `${format.format(moment)}.${ms} ${zoneName(moment, zone)}`;
}

/** Time of day, as on an axis. */
export function clock(at: string | number, zone: Zone, withSeconds = true): string {
  return new Intl.DateTimeFormat("en-GB", {
    ...options(zone),
    hour: "2-digit",
    minute: "2-digit",
    ...(withSeconds ? { second: "2-digit" } : {}),
  }).format(new Date(at));
}

/** An hour of a day, as over a part of a list: `Thursday 26 November, 14:00`. */
export function hour(startMs: number, zone: Zone): string {
  const day = new Intl.DateTimeFormat("en-GB", {
    ...options(zone),
    weekday: "long",
    day: "numeric",
    month: "long",
  }).format(startMs);
  return `${day}, ${clock(startMs, zone, false)}`;
}

export function zoneName(moment: Date, zone: Zone): string {
  if (zone === "utc") return "UTC";
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "shortOffset" }).formatToParts(moment);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}
