import type { ReactNode } from "react";
import { useId } from "react";
import css from "./Card.module.css";

interface Props {
  title?: string;
  hint?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** Lets tables reach the card's edges. */
  flush?: boolean;
}

export function Card({ title, hint, actions, children, flush = false }: Props) {
  const id = useId();
  return (
    <section className={css.card} aria-labelledby={title ? id : undefined}>
      {title && (
        <header className={css.head}>
          <h2 id={id}>{title}</h2>
          {hint && <span className={css.hint}>{hint}</span>}
          {actions && <div className={css.actions}>{actions}</div>}
        </header>
      )}
      <div className={flush ? css.flush : css.body}>{children}</div>
    </section>
  );
}
