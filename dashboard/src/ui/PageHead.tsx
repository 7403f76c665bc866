import { type ReactNode, useEffect } from "react";
import css from "./PageHead.module.css";

interface Props {
  title: string;
  lead?: ReactNode;
  above?: ReactNode;
  actions?: ReactNode;
}

export function PageHead({ title, lead, above, actions }: Props) {
  useEffect(() => {
    document.title = `${title} · AsyncTaskFlow`;
  }, [title]);
  return (
    <header className={css.head}>
      <div className={css.words}>
        {above && <div className={css.above}>{above}</div>}
        <h1>{title}</h1>
        {lead && <div className={css.lead}>{lead}</div>}
      </div>
      {actions && <div className={css.actions}>{actions}</div>}
    </header>
  );
}
