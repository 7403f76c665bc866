/** One server-sent event; `id` is where to resume after it. */
export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

const SEPARATOR = /\r\n|\r|\n/;

/** Takes a text stream apart into events (WHATWG HTML, 9.2.6), whatever pieces it arrives in. */
export class EventParser {
  private rest = "";
  private id = "";
  private event = "";
  private data: string[] = [];
  /** What the server asked to wait before connecting again; absent until it says so. */
  retryMs: number | undefined;

  push(chunk: string): ServerEvent[] {
    const lines = (this.rest + chunk).split(SEPARATOR);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.take(line));
  }

  private take(line: string): ServerEvent[] {
    if (line === "") return this.finish();
    const colon = line.indexOf(":");
    if (colon === 0) return [];
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    this.set(field, value);
    return [];
  }

  private set(field: string, value: string): void {
    if (field === "id") this.id = value;
    if (field === "event") this.event = value;
    if (field === "data") this.data.push(value);
    if (field === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
  }

  private finish(): ServerEvent[] {
    const found = { id: this.id, event: this.event || "message", data: this.data.join("\n") };
    const isEmpty = this.data.length === 0;
    this.event = "";
    this.data = [];
    return isEmpty ? [] : [found];
  }
}
