import { Link } from "@tanstack/react-router";
import { Gauge } from "lucide-react";
import { useDependencies, useService } from "@/api/queries";
import type { Dependency } from "@/api/types";
import { count } from "@/format/numbers";
import { BreakerChip } from "@/ui/BreakerChip";
import { Chip } from "@/ui/Chip";
import { ServiceChip } from "@/ui/ServiceChip";
import css from "./DependencyChips.module.css";

/** What functions call: whether calls go through, how many tokens are left, how the LLM service is. */
export function DependencyChips() {
  const { data: dependencies = [] } = useDependencies();
  const { data: service } = useService();
  return (
    <ul className={css.chips} aria-label="Dependencies">
      {dependencies.map((one) => (
        <li key={one.name}>
          <Link to="/dependencies" className={css.chip}>
            <BreakerChip breaker={one.breaker} name={one.name} />
            {one.limiter.limited && <LimiterChip dependency={one} />}
          </Link>
        </li>
      ))}
      {service && (
        <li>
          <Link to="/dependencies" className={css.chip}>
            <ServiceChip service={service} />
          </Link>
        </li>
      )}
    </ul>
  );
}

function LimiterChip({ dependency: { limiter } }: { dependency: Dependency }) {
  return (
    <Chip tone={limiter.waiting ? "scheduled" : "cancelled"} icon={<Gauge size={13} aria-hidden="true" />}>
      {count(Math.floor(limiter.tokens))} of {count(limiter.capacity)} tokens
    </Chip>
  );
}
