import { Link } from "@tanstack/react-router";
import { useDependencies, useService } from "@/api/queries";
import { BreakerChip } from "@/ui/BreakerChip";
import { LimiterChip } from "@/ui/LimiterChip";
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
            <LimiterChip limiter={one.limiter} />
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
