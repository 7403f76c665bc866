import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./Button";
import css from "./Dialog.module.css";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  actions?: ReactNode;
  side?: boolean;
  /** As large as the window allows. */
  wide?: boolean;
}

/** The browser's own modal dialog: it keeps the focus, closes on Escape and makes the rest inert. */
export function Dialog({ title, onClose, children, actions, side = false, wide = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, which the browser does itself
    <dialog
      ref={dialog}
      className={`${css.dialog} ${side ? css.side : ""} ${wide ? css.wide : ""}`}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current.close()}
    >
      <div className={css.inside}>
        <header className={css.head}>
          <h2 id={id}>{title}</h2>
          <Button
            look="quiet"
            aria-label="Close"
            icon={<X size={16} />}
            onClick={() => dialog.current?.close()}
          />
        </header>
        <div className={css.body}>{children}</div>
        {actions && <footer className={css.actions}>{actions}</footer>}
      </div>
    </dialog>
  );
}
