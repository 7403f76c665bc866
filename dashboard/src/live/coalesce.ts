/** Hands collected items on at most once in `intervalMs`: the first at once, the rest together. */
export class Coalescer<Item> {
  private items: Item[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly intervalMs: number,
    private readonly flushed: (items: Item[]) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  add(items: readonly Item[]): void {
    if (items.length === 0) return;
    this.items.push(...items);
    if (this.timer !== undefined) return;
    const waitMs = Math.max(0, this.lastMs + this.intervalMs - this.nowMs());
    this.timer = setTimeout(() => this.flush(), waitMs);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.items = [];
  }

  private flush(): void {
    const items = this.items;
    this.items = [];
    this.timer = undefined;
    this.lastMs = this.nowMs();
    this.flushed(items);
  }
}
