export interface Series {
  label: string;
  /** What the numbers come to, beside the label. */
  note?: string;
  /** A colour of tokens.css, such as `--completed`. */
  color: string;
  values: readonly (number | null)[];
  look?: "line" | "bars" | "points" | "steps";
}

export interface ChartData {
  /** Seconds since the epoch, ascending. */
  times: readonly number[];
  series: readonly Series[];
  /** Each series stands on those after it. */
  stacked?: boolean;
}

/** One list for the axis of time and one for each series, as they are drawn. */
export function aligned({ times, series, stacked }: ChartData): [number[], ...(number | null)[][]] {
  const drawn = series.map((one, position) => (stacked ? heights(series.slice(position)) : [...one.values]));
  return [[...times], ...drawn];
}

function heights(series: readonly Series[]): number[] {
  const [first, ...rest] = series;
  return (first?.values ?? []).map((value, step) =>
    rest.reduce((sum, one) => sum + (one.values[step] ?? 0), value ?? 0),
  );
}
