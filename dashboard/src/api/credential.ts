/** The API key of this tab: kept until the tab is closed, never longer, and sent as a header only. */
const KEY = "atf.api-key";

export function readCredential(): string {
  return sessionStorage.getItem(KEY) ?? "";
}

export function storeCredential(key: string): void {
  sessionStorage.setItem(KEY, key);
}

export function clearCredential(): void {
  sessionStorage.removeItem(KEY);
}

export function credentialHeaders(): Record<string, string> {
  const key = readCredential();
  return key ? { Authorization: `Bearer ${key}` } : {};
}
