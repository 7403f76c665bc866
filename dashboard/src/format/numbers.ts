const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const EXACT_BELOW = 100_000;

export function count(value: number): string {
  return value < EXACT_BELOW ? whole.format(value) : short.format(value);
}

export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

/** A rate with the unit that keeps it readable. */
export function perSecond(rate: number): string {
  if (rate >= 10) return `${Math.round(rate)}/s`;
  if (rate >= 0.95) return `${rate.toFixed(1)}/s`;
  return `${Math.round(rate * 60)}/min`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  if (value < 1024 ** 2) return `${(value / 1024).toFixed(1)} KiB`;
  return `${(value / 1024 ** 2).toFixed(1)} MiB`;
}
