import { credentialHeaders } from "@/api/credential";
import { readProblem } from "@/api/problem";
import type { Transition } from "@/api/types";
import { backoffMs } from "./backoff";
import { Coalescer } from "./coalesce";
import { EventParser, type ServerEvent } from "./parse";
import { readTransition } from "./transition";

export type FeedStatus = "connecting" | "live" | "reconnecting" | "hidden" | "refused";

/** What changed since the last time; `reset` when events were missed and everything must be read anew. */
export interface Batch {
  transitions: Transition[];
  reset: boolean;
}

const URL = "/api/v1/events";
/** At most four updates a second reach React. */
export const INTERVAL_MS = 250;
/** The server pings every 15 s; a connection that is silent for longer than two pings is dead. */
const SILENCE_MS = 35_000;
const REFUSED = new Set([401, 403]);

/**
 * The one event stream of this tab, resumed by Last-Event-ID.
 *
 * An `EventSource` cannot send an API key nor resume after it was closed, so this reads the same stream with `fetch`.
 */
export class Feed {
  private status: FeedStatus = "connecting";
  private heardMs = Number.NEGATIVE_INFINITY;
  private lastId = "";
  private failures = 0;
  private running: AbortController | undefined;
  private readonly statusListeners = new Set<() => void>();
  private readonly batchListeners = new Set<(batch: Batch) => void>();
  private readonly coalescer = new Coalescer<ServerEvent>(INTERVAL_MS, (events) => this.deliver(events));

  /** Opens the stream and keeps it open while the page is seen; the answer ends both. */
  start(): () => void {
    const follow = () => (document.hidden ? this.pause() : this.resume());
    document.addEventListener("visibilitychange", follow);
    follow();
    return () => {
      document.removeEventListener("visibilitychange", follow);
      this.running?.abort();
      this.running = undefined;
      this.coalescer.stop();
    };
  }

  /** Connects at once, as after a credential was given. */
  restart(): void {
    this.running?.abort();
    this.running = undefined;
    this.failures = 0;
    this.resume();
  }

  readonly getStatus = (): FeedStatus => this.status;

  /** Milliseconds since the server was last heard. */
  silentMs(): number {
    return performance.now() - this.heardMs;
  }

  readonly onStatus = (listener: () => void): (() => void) => {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  };

  onBatch(listener: (batch: Batch) => void): () => void {
    this.batchListeners.add(listener);
    return () => this.batchListeners.delete(listener);
  }

  private pause(): void {
    this.running?.abort();
    this.running = undefined;
    this.become("hidden");
  }

  private resume(): void {
    if (this.running) return;
    this.running = new AbortController();
    this.become(this.lastId ? "reconnecting" : "connecting");
    void this.run(this.running.signal);
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const parser = new EventParser();
      try {
        await this.read(parser, signal);
      } catch {
        if (this.status === "refused") return;
      }
      if (signal.aborted) return;
      this.become("reconnecting");
      await sleep(backoffMs(this.failures++, Math.random(), parser.retryMs), signal);
    }
  }

  private async read(parser: EventParser, signal: AbortSignal): Promise<void> {
    const silence = new AbortController();
    const headers = { ...credentialHeaders(), ...(this.lastId ? { "Last-Event-ID": this.lastId } : {}) };
    const response = await fetch(URL, { headers, signal: AbortSignal.any([signal, silence.signal]) });
    if (REFUSED.has(response.status)) this.become("refused");
    if (!response.ok || !response.body) throw await readProblem(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    try {
      while (true) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => silence.abort(), SILENCE_MS);
        const { done, value } = await reader.read();
        if (done) return;
        this.hear(parser.push(value));
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  private hear(events: ServerEvent[]): void {
    this.heardMs = performance.now();
    this.failures = 0;
    this.become("live");
    const last = events.at(-1);
    if (last?.id) this.lastId = last.id;
    this.coalescer.add(events);
  }

  private deliver(events: readonly ServerEvent[]): void {
    const batch: Batch = {
      transitions: events.map(readTransition).filter((one) => one !== null),
      reset: events.some((one) => one.event === "reset"),
    };
    for (const listener of this.batchListeners) listener(batch);
  }

  private become(status: FeedStatus): void {
    if (this.status === status) return;
    this.status = status;
    for (const listener of this.statusListeners) listener();
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
