import { useService, useServiceDays } from "@/api/queries";
import { count } from "@/format/numbers";
import { Card } from "@/ui/Card";
import { Facts } from "@/ui/Facts";
import { QueryView } from "@/ui/QueryView";
import { type Service, ServiceChip } from "@/ui/ServiceChip";
import { Time } from "@/ui/Time";
import table from "@/ui/table.module.css";
import css from "./DependencyCard.module.css";

/** How the API calls the number of calls that failed with some error class. */
const CLASS = "error_";

type Days = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The LLM service itself: its state, its credits, and how calls to it ended. */
export function ServiceCard() {
  const service = useService();
  const days = useServiceDays();
  return (
    <Card title="LLM service" hint={service.data && <ServiceChip service={service.data} />}>
      <div className={css.parts}>
        <QueryView query={service}>{(found) => <ServiceFacts service={found} />}</QueryView>
        <QueryView query={days}>{(found) => <DayTable days={found.metrics} />}</QueryView>
      </div>
    </Card>
  );
}

function ServiceFacts({ service }: { service: Service }) {
  const facts = [
    ["Credits left", money(service.balance)],
    ["Used today", money(service.usage_today)],
    ["Used this month", money(service.usage_month)],
    ["Failures in a row", service.consecutive_failures ? count(service.consecutive_failures) : null],
    ["Last looked at", service.last_check ? <Time key="at" at={service.last_check} /> : null],
  ] as const;
  return (
    <section className={css.service}>
      <p>{service.message}</p>
      <Facts facts={facts.filter(([, value]) => value !== null)} />
    </section>
  );
}

function money(value: number | null | undefined): string | null {
  return value === null || value === undefined ? null : `$${value.toFixed(2)}`;
}

function DayTable({ days }: { days: Days }) {
  const rows = Object.entries(days);
  if (rows.every(([, counts]) => !counts.total_calls)) {
    return <p className="soft">No call was made in the last seven days.</p>;
  }
  return (
    <section>
      <h3>Calls by day</h3>
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
          {rows.map(([day, counts]) => (
            <tr key={day}>
              <td className="number">{day}</td>
              <td className={`${table.right} number`}>{count(counts.total_calls ?? 0)}</td>
              <td className={`${table.right} number`}>{count(counts.failed_calls ?? 0)}</td>
              <td className="soft">{failures(counts)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function failures(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([name, number]) => name.startsWith(CLASS) && number > 0)
    .sort(([, one], [, other]) => other - one)
    .map(([name, number]) => `${count(number)} ${name.slice(CLASS.length)}`)
    .join(", ");
}
