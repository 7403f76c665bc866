import { clock } from "@/format/times";
import { usePreferences } from "@/preferences/preferences";
import css from "./Chart.module.css";
import type { ChartData } from "./chartData";
import table from "./table.module.css";

interface Props extends ChartData {
  label: string;
  format: (value: number) => string;
}

/** The numbers of a chart, for who does not see it or wants them exactly. */
export function ChartTable({ label, times, series, format }: Props) {
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
