import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { usePreferences } from "@/preferences/preferences";
import { Button } from "./Button";
import css from "./Chart.module.css";
import { ChartTable } from "./ChartTable";
import { aligned, type ChartData } from "./chartData";
import { chartOptions } from "./chartOptions";

interface Props extends ChartData {
  /** What the chart shows, for who does not see it. */
  label: string;
  format: (value: number) => string;
  height?: number;
  /** Values are counts. */
  whole?: boolean;
}

const HEIGHT = 190;

export function Chart({
  label,
  times,
  series,
  format,
  height = HEIGHT,
  stacked = false,
  whole = false,
}: Props) {
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
    const { series: drawn } = latest.current;
    const format = (value: number) => latest.current.format(value);
    const options = chartOptions(element, { series: drawn, height, zone, format, whole });
    const made = new uPlot(options, aligned(latest.current), element);
    plot.current = made;
    const follow = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    follow.observe(element);
    return () => {
      follow.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, theme, zone, asTable, height, whole]);

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

function Swatch({ color }: { color: string }) {
  return <i className={css.swatch} style={{ background: `var(${color})` }} />;
}
