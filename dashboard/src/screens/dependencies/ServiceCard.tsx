import { useService } from "@/api/queries";
import { count } from "@/format/numbers";
import { Card } from "@/ui/Card";
import { Facts } from "@/ui/Facts";
import { QueryView } from "@/ui/QueryView";
import { type Service, ServiceChip } from "@/ui/ServiceChip";
import { Time } from "@/ui/Time";
import css from "./DependencyCard.module.css";

/** The LLM service itself: its state and its credits. */
export function ServiceCard() {
  const service = useService();
  return (
    <Card title="LLM service" hint={service.data && <ServiceChip service={service.data} />}>
      <QueryView query={service}>{(found) => <ServiceFacts service={found} />}</QueryView>
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
