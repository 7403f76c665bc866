import type { CallDay } from "@/api/types";
import { count } from "@/format/numbers";
import table from "@/ui/table.module.css";

/** How calls to a service ended, day by day. */
export function CallDays({ days }: { days: readonly CallDay[] }) {
  if (days.length === 0) return <p className="soft">No call was made in the last seven days.</p>;
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">Day (UTC)</th>
          <th scope="col" className={table.right}>
            Calls
          </th>
          <th scope="col" className={table.right}>
            Failed
          </th>
          <th scope="col">Error classes</th>
        </tr>
      </thead>
      <tbody>
        {days.map(({ date, calls, failed, errors }) => (
          <tr key={date}>
            <td className="number">{date}</td>
            <td className={`${table.right} number`}>{count(calls)}</td>
            <td className={`${table.right} number`}>{count(failed)}</td>
            <td className="soft">
              {Object.entries(errors)
                .map(([name, number]) => `${count(number)} ${name}`)
                .join(", ")}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
