import type { Field } from "@/model/apiReference";
import css from "./Fields.module.css";

/** Names with what they hold; a list, so that it can be read on a telephone. */
export function Fields({ label, fields }: { label: string; fields: readonly Field[] }) {
  return (
    <ul className={css.fields} aria-label={label}>
      {fields.map((field) => (
        <li key={`${field.place} ${field.name}`}>
          <span>
            <code>{field.name}</code>
            {field.required && <span className={css.required}> required</span>}
          </span>
          <span className="soft">
            {[field.place, field.type, field.fallback && `by default ${field.fallback}`]
              .filter(Boolean)
              .join(" · ")}
          </span>
          {field.about && <span>{field.about}</span>}
        </li>
      ))}
    </ul>
  );
}
