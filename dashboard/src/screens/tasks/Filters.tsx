import { Search, X } from "lucide-react";
import { type SubmitEvent, useEffect, useRef } from "react";
import { useFunctions } from "@/api/queries";
import { LABELS, STATES, WITH_ERRORS } from "@/model/states";
import { filterCount, type TaskSearch, WITHIN_MS, type Within } from "@/model/taskSearch";
import { Button } from "@/ui/Button";
import controls from "@/ui/controls.module.css";
import css from "./Filters.module.css";

const WITHIN: Readonly<Record<Within, string>> = {
  "15m": "Last 15 minutes",
  "1h": "Last hour",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
};

interface Props {
  search: TaskSearch;
  change: (changes: TaskSearch) => void;
  clear: () => void;
}

export function Filters({ search, change, clear }: Props) {
  const { data: functions = [] } = useFunctions();
  const names = functions.map((one) => ({ value: one.name, label: one.name }));
  return (
    <search className={css.filters}>
      <TextFilter
        label="Task id"
        placeholder="Id, or how it begins"
        value={search.id}
        isMain
        apply={(id) => change({ id })}
      />
      <Choice
        label="State"
        any={search.queue ? `Queue: ${search.queue}` : "Any state"}
        value={search.state}
        options={STATES.map((state) => ({ value: state, label: LABELS[state] }))}
        choose={(state) => change({ state, queue: undefined })}
      />
      <Choice
        label="Function"
        any="Any function"
        value={search.function}
        options={names}
        choose={(name) => change({ function: name })}
      />
      <Choice
        label="Time"
        any="Any time"
        value={search.within}
        options={(Object.keys(WITHIN_MS) as Within[]).map((value) => ({ value, label: WITHIN[value] }))}
        choose={(within) => change({ within })}
      />
      {(search.error || (search.state && WITH_ERRORS.has(search.state))) && (
        <TextFilter
          label="Error class"
          placeholder="Error class"
          value={search.error}
          size={search.error?.includes("/") ? search.error.length + 2 : undefined}
          apply={(error) => change({ error })}
        />
      )}
      {filterCount(search) > 0 && (
        <Button look="quiet" icon={<X size={14} aria-hidden="true" />} onClick={clear}>
          Clear
        </Button>
      )}
    </search>
  );
}

interface TextProps {
  label: string;
  placeholder: string;
  value: string | undefined;
  isMain?: boolean;
  /** Characters to have room for, where the usual width is too little. */
  size?: number | undefined;
  apply: (value: string | undefined) => void;
}

/** Asks the API when a person is done typing, not with every letter. */
function TextFilter({ label, placeholder, value = "", isMain = false, size, apply }: TextProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (field.current) field.current.value = value;
  }, [value]);
  const submit = () => {
    const text = field.current?.value.trim() ?? "";
    if (text !== value) apply(text || undefined);
  };
  return (
    <form
      className={isMain ? css.main : size ? css.sized : css.text}
      onSubmit={(event: SubmitEvent) => {
        event.preventDefault();
        submit();
      }}
    >
      {isMain && <Search size={15} aria-hidden="true" />}
      <input
        ref={field}
        type="search"
        size={size}
        aria-label={label}
        placeholder={placeholder}
        defaultValue={value}
        spellCheck={false}
        data-search={isMain ? "" : undefined}
        className={controls.control}
        onBlur={submit}
      />
    </form>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  any: string;
  value: Value | undefined;
  options: readonly { value: Value; label: string }[];
  choose: (value: Value | undefined) => void;
}

function Choice<Value extends string>({ label, any, value, options, choose }: ChoiceProps<Value>) {
  return (
    <select
      aria-label={label}
      className={controls.control}
      value={value ?? ""}
      onChange={(event) => choose(options.find((one) => one.value === event.target.value)?.value)}
    >
      <option value="">{any}</option>
      {options.map((one) => (
        <option key={one.value} value={one.value}>
          {one.label}
        </option>
      ))}
    </select>
  );
}
