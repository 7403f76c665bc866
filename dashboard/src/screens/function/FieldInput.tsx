import { useId } from "react";
import { useUpload } from "@/api/mutations";
import type { Field } from "@/model/inputForm";
import controls from "@/ui/controls.module.css";
import css from "./FieldInput.module.css";

interface Props {
  functionName: string;
  field: Field;
  value: string;
  fault: string;
  change: (value: string) => void;
}

/** One field of an input form, with its description and what is wrong with it. */
export function FieldInput(props: Props) {
  const { field, fault } = props;
  const id = useId();
  return (
    <div className={css.field}>
      <label htmlFor={id}>
        {field.label}
        {field.isRequired && <span className={css.needed}> needed</span>}
      </label>
      <Control {...props} id={id} />
      {field.description && (
        <p id={`${id}-about`} className="soft">
          {field.description}
        </p>
      )}
      {fault && (
        <p id={`${id}-fault`} className={css.fault} role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

function Control({ id, functionName, field, value, fault, change }: Props & { id: string }) {
  const common = {
    id,
    value,
    className: controls.control,
    "aria-describedby": fault ? `${id}-fault` : `${id}-about`,
    "aria-invalid": fault !== "",
  };
  switch (field.kind) {
    case "choice":
      return (
        <select {...common} onChange={(event) => change(event.target.value)}>
          {!field.isRequired && <option value="">Default</option>}
          {field.choices.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      );
    case "boolean":
      return (
        <select {...common} onChange={(event) => change(event.target.value)}>
          {!field.isRequired && <option value="">Default</option>}
          <option value="true">Yes</option>
          <option value="false">No</option>
        </select>
      );
    case "long-text":
    case "json":
      return <textarea {...common} rows={5} onChange={(event) => change(event.target.value)} />;
    case "upload":
      return <Upload {...{ id, functionName, value, change }} />;
    default:
      return (
        <input
          {...common}
          type={typeOf(field.kind)}
          step="any"
          onChange={(event) => change(event.target.value)}
        />
      );
  }
}

function typeOf(kind: Field["kind"]): string {
  if (kind === "date") return "date";
  return kind === "integer" || kind === "number" ? "number" : "text";
}

interface UploadProps {
  id: string;
  functionName: string;
  value: string;
  change: (ref: string) => void;
}

/** The file goes to the API at once; its reference goes into the input. */
function Upload({ id, functionName, value, change }: UploadProps) {
  const upload = useUpload(functionName);
  const send = (file: File | undefined) => {
    if (file) upload.mutate(file, { onSuccess: ({ ref }) => change(ref) });
  };
  return (
    <>
      <input id={id} type="file" className={css.file} onChange={(event) => send(event.target.files?.[0])} />
      <p role="status" className="soft">
        {upload.isPending && "Uploading…"}
        {upload.isError && <span className={css.fault}>{upload.error.message}</span>}
        {value && <code>{value}</code>}
      </p>
    </>
  );
}
