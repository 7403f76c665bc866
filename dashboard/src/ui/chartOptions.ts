import uPlot from "uplot";
import { clock } from "@/format/times";
import type { Preferences } from "@/preferences/preferences";
import type { Series } from "./chartData";

interface Look {
  series: readonly Series[];
  height: number;
  zone: Preferences["zone"];
  /** Asked at every drawing, so that it may change without a new chart. */
  format: (value: number) => string;
  /** Values are counts: no marks between whole numbers. */
  whole: boolean;
}

const WHOLE_STEPS = [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((power) => [1, 2, 5].map((one) => one * 10 ** power));

/** What uPlot draws into `host`, in the colours that the theme has there. */
export function chartOptions(
  host: HTMLElement,
  { series, height, zone, format, whole }: Look,
): uPlot.Options {
  const stroke = resolve(host, "--text-soft");
  const grid = { stroke: resolve(host, "--line"), width: 1 };
  const axis = { stroke, grid, ticks: { show: false }, font: "11px Inter, system-ui, sans-serif" };
  return {
    width: host.clientWidth,
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
      { ...axis, size: 52, values: (_, splits) => splits.map(format), ...(whole && { incrs: WHOLE_STEPS }) },
    ],
    series: [{}, ...series.map((one) => seriesOptions(host, one))],
  };
}

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

/** Whether the marks of an axis of time are less than a minute apart. */
function isDense(splits: readonly number[]): boolean {
  const [first = 0, second = 60] = splits;
  return second - first < 60;
}
