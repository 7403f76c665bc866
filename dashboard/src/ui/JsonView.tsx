import { CopyButton } from "./CopyButton";
import css from "./JsonView.module.css";

const SHOWN_CHARS = 20_000;

/** A value as indented JSON, cut where it would stall the page; copying gives all of it. */
export function JsonView({ value, label }: { value: unknown; label: string }) {
  const text = JSON.stringify(value, null, 2) ?? "null";
  const cut = text.length > SHOWN_CHARS;
  return (
    <div className={css.json}>
      <div className={css.copy}>
        <CopyButton text={text} label={`Copy ${label}`} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={css.scroll} tabIndex={0} aria-label={`${label} as JSON`}>
        <pre>
          {cut
            ? `${text.slice(0, SHOWN_CHARS)}
…`
            : text}
        </pre>
      </section>
    </div>
  );
}
