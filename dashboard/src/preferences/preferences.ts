import { useSyncExternalStore } from "react";

/** What a person has set for themselves in this browser. */
export interface Preferences {
  theme: "system" | "light" | "dark";
  zone: "local" | "utc";
  density: "comfortable" | "compact";
}

const KEY = "atf.preferences";
const DEFAULTS: Preferences = { theme: "system", zone: "local", density: "comfortable" };
const CHOICES: { [Name in keyof Preferences]: readonly Preferences[Name][] } = {
  theme: ["system", "light", "dark"],
  zone: ["local", "utc"],
  density: ["comfortable", "compact"],
};

/** The stored preferences; whatever is not one of the choices becomes the default. */
export function readPreferences(text: string | null): Preferences {
  const found = parse(text);
  const choose = <Name extends keyof Preferences>(name: Name): Preferences[Name] =>
    CHOICES[name].find((one) => one === found[name]) ?? DEFAULTS[name];
  return { theme: choose("theme"), zone: choose("zone"), density: choose("density") };
}

function parse(text: string | null): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text ?? "{}");
    return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

let current = DEFAULTS;
const listeners = new Set<() => void>();

/** Takes over what is stored; before the first paint, so that no other theme flashes up. */
export function loadPreferences(): void {
  current = readPreferences(localStorage.getItem(KEY));
  apply();
}

export function setPreferences(changes: Partial<Preferences>): void {
  current = { ...current, ...changes };
  localStorage.setItem(KEY, JSON.stringify(current));
  apply();
  for (const listener of listeners) listener();
}

function apply(): void {
  const page = document.documentElement;
  page.style.colorScheme = current.theme === "system" ? "" : current.theme;
  page.dataset.theme = current.theme;
  page.dataset.density = current.density;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => current);
}
