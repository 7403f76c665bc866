import { percent } from "@/format/numbers";
import css from "./Progress.module.css";

export function Progress({ fraction, note }: { fraction: number; note: string }) {
  return (
    <span className={css.progress}>
      <progress max={1} value={fraction} aria-label={note || "Progress"} />
      <span className="number">{note || percent(fraction)}</span>
    </span>
  );
}
