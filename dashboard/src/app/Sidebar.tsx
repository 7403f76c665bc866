import { Link } from "@tanstack/react-router";
import { useQueues, useVersion } from "@/api/queries";
import { count } from "@/format/numbers";
import icon from "@/icon.svg";
import { PLACES } from "./navigation";
import css from "./Sidebar.module.css";

export function Sidebar() {
  const { data: queues } = useQueues();
  const { data: version } = useVersion();
  const dead = queues?.queues.dlq ?? 0;
  return (
    <div className={css.sidebar}>
      <Link to="/" className={css.brand}>
        <img src={icon} alt="" width={26} height={26} />
        AsyncTaskFlow
      </Link>
      <nav aria-label="Screens" className={css.nav}>
        {PLACES.map(({ to, label, Icon }) => (
          <Link
            key={to}
            to={to}
            className={css.place}
            activeOptions={{ exact: to === "/", includeSearch: false }}
            activeProps={{ className: css.here }}
          >
            <Icon size={17} aria-hidden="true" />
            {label}
            {to === "/dead-letters" && dead > 0 && (
              <span className={css.count}>
                {count(dead)}
                <span className="visually-hidden"> waiting for a person</span>
              </span>
            )}
          </Link>
        ))}
      </nav>
      <div className={css.foot}>
        <span className={css.version}>{version ? `version ${version.version}` : ""}</span>
      </div>
    </div>
  );
}
