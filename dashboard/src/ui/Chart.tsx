import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock } from "@/format/times";
import { usePreferences } from "@/preferences/preferences";
import { Button } from "./Button";
import css from "./Chart.module.css";
import table from "./table.module.css";

export interface Series {
  label: string;
  /** What the numbers come to, beside the label. */
  note?: string;
  /** A colour of tokens.css, such as `--completed`. */
  color: string;
  values: readonly (number | null)[];
  look?: "line" | "bars" | "points" | "steps";
}

interface Props {
  /** What the chart shows, for who does not see it. */
  label: string;
  /** Seconds since the epoch, ascending. */
  times: readonly number[];
  series: readonly Series[];
  format: (value: number) => string;
  height?: number;
  /** Each series stands on those after it. */
  stacked?: boolean;
}

const HEIGHT = 190;

/** The colour behind a token, which `light-dark()` decides anew with every theme. */
function resolve(host: HTMLElement, token: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${token})`;
  host.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

function seriesOptions(host: HTMLElement, series: Series): uPlot.Series {
  const color = resolve(host, series.color);
  const look = series.look ?? "line";
  const points = { show: look === "points", size: 5, stroke: color, fill: color };
  const common = { label: series.label, stroke: color, points, spanGaps: look !== "points" };
  if (look === "bars")
    return { ...common, fill: color, width: 0, paths: uPlot.paths.bars?.({ size: [0.7, 28] }) };
  if (look === "steps") return { ...common, width: 2, paths: uPlot.paths.stepped?.({ align: 1 }) };
  if (look === "points") return { ...common, paths: () => null };
  return { ...common, width: 2 };
}

export function Chart({ label, times, series, format, height = HEIGHT, stacked = false }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const { theme, zone } = usePreferences();
  const [asTable, setAsTable] = useState(false);
  const shape = series.map((one) => `${one.label}${one.color}${one.look}`).join();
  const latest = useRef({ series, times, format, stacked });
  latest.current = { series, times, format, stacked };

  // biome-ignore lint/correctness/useExhaustiveDependencies: made anew when colours or series change, not with data
  useEffect(() => {
    const element = host.current;
    if (!element || asTable) return;
    const faint = resolve(element, "--text-soft");
    const line = resolve(element, "--line");
    const grid = { stroke: line, width: 1 };
    const axis = { stroke: faint, grid, ticks: { show: false }, font: "11px Inter, system-ui, sans-serif" };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 } },
        scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.12 : 1] } },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 26,
            space: 80,
            values: (_, splits) => splits.map((at) => clock(at * 1000, zone, isDense(splits))),
          },
          { ...axis, size: 52, values: (_, splits) => splits.map((one) => latest.current.format(one)) },
        ],
        series: [{}, ...latest.current.series.map((one) => seriesOptions(element, one))],
      },
      aligned(latest.current),
      element,
    );
    plot.current = made;
    const follow = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    follow.observe(element);
    return () => {
      follow.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, theme, zone, asTable, height]);

  useEffect(() => {
    plot.current?.setData(aligned({ times, series, stacked }));
  }, [times, series, stacked]);

  return (
    <figure className={css.figure}>
      <figcaption className={css.legend}>
        {series.map((one) => (
          <span key={one.label}>
            <Swatch color={one.color} />
            {one.label}
            {one.note && <em className="number">{one.note}</em>}
          </span>
        ))}
        <Button look="quiet" className={css.toggle} onClick={() => setAsTable(!asTable)}>
          {asTable ? "Chart" : "Table"}
        </Button>
      </figcaption>
      {asTable ? (
        <ChartTable {...{ label, times, series, format }} />
      ) : (
        <div ref={host} role="img" aria-label={`${label}. The same as a table is behind the button.`} />
      )}
    </figure>
  );
}

/** Whether the marks of an axis of time are less than a minute apart. */
function isDense(splits: readonly number[]): boolean {
  const [first = 0, second = 60] = splits;
  return second - first < 60;
}

type Data = Pick<Props, "times" | "series" | "stacked">;

function aligned({ times, series, stacked }: Data): uPlot.AlignedData {
  const drawn = series.map((one, position) => (stacked ? heights(series.slice(position)) : [...one.values]));
  return [[...times], ...drawn];
}

function heights(series: readonly Series[]): number[] {
  const [first, ...rest] = series;
  return (first?.values ?? []).map((value, step) =>
    rest.reduce((sum, one) => sum + (one.values[step] ?? 0), value ?? 0),
  );
}

function Swatch({ color }: { color: string }) {
  return <i className={css.swatch} style={{ background: `var(${color})` }} />;
}

function ChartTable({ label, times, series, format }: Omit<Props, "height" | "stacked">) {
  const { zone } = usePreferences();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={css.table} tabIndex={0} aria-label={label}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {series.map((one) => (
              <th key={one.label} scope="col" className={table.right}>
                {one.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((at, row) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two tasks may have ended at the same time
            <tr key={row}>
              <td className="number">{clock(at * 1000, zone)}</td>
              {series.map((one) => (
                <td key={one.label} className={`${table.right} number`}>
                  {show(one.values[row], format)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function show(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "–" : format(value);
}
