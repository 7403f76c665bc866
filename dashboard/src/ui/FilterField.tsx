import { Search } from "lucide-react";
import { useEffect, useRef } from "react";
import controls from "./controls.module.css";
import css from "./FilterField.module.css";

interface Props {
  label: string;
  placeholder: string;
  text: string;
  change: (text: string) => void;
}

/** Words that choose what a page shows. The field is ahead of the address, which follows each letter. */
export function FilterField({ label, placeholder, text, change }: Props) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (field.current && field.current.value.trim() !== text.trim()) field.current.value = text;
  }, [text]);
  return (
    <search className={css.filter}>
      <Search size={15} aria-hidden="true" />
      <input
        ref={field}
        type="search"
        aria-label={label}
        placeholder={placeholder}
        defaultValue={text}
        spellCheck={false}
        data-search
        className={controls.control}
        onChange={(event) => change(event.target.value)}
      />
    </search>
  );
}
