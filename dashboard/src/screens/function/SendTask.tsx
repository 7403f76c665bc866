import { useNavigate } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { useState } from "react";
import { readCredential } from "@/api/credential";
import { useSubmit } from "@/api/mutations";
import { ApiError } from "@/api/problem";
import type { FunctionDetail } from "@/api/types";
import { submission } from "@/model/commands";
import { type Field, faultsOf, fieldsOf, inputOf, isJson, type Values } from "@/model/inputForm";
import { Button } from "@/ui/Button";
import { CopyButton } from "@/ui/CopyButton";
import controls from "@/ui/controls.module.css";
import { Dialog } from "@/ui/Dialog";
import { Segments } from "@/ui/Segments";
import { notify } from "@/ui/Toaster";
import { FieldInput } from "./FieldInput";
import css from "./SendTask.module.css";

const WAYS = [
  { value: "form", label: "Form" },
  { value: "json", label: "JSON" },
] as const;

/** Sends a task whose input is typed into a form made from the function's schema, or as JSON. */
export function SendTask({ found, onClose }: { found: FunctionDetail; onClose: () => void }) {
  const fields = fieldsOf(found.input_schema);
  const [way, setWay] = useState<"form" | "json">(fields ? "form" : "json");
  const [values, setValues] = useState<Values>(() => initialValues(fields ?? []));
  const [json, setJson] = useState("{}");
  const [faults, setFaults] = useState<Record<string, string>>({});
  const submit = useSubmit(found.name);
  const navigate = useNavigate();

  const isForm = way === "form" && fields !== null;
  const input = isForm ? readForm(fields, values) : isJson(json) ? JSON.parse(json) : undefined;
  const change = (name: string, value: string) => {
    setValues((before) => ({ ...before, [name]: value }));
    setFaults((before) => ({ ...before, [name]: "" }));
  };
  const send = () => {
    const found_faults = isForm ? faultsOf(fields, values) : {};
    setFaults(found_faults);
    if (Object.keys(found_faults).length > 0 || input === undefined) return;
    submit.mutate(input, {
      onSuccess: ({ task_id }) => {
        notify("The task is on its way.");
        void navigate({ to: "/tasks/$task_id", params: { task_id } });
      },
    });
  };
  return (
    <Dialog
      title={`Send a task to ${found.name}`}
      onClose={onClose}
      actions={
        <>
          <CopyButton
            text={submission(found.name, input ?? {}, location.origin, readCredential() !== "")}
            label="Copy as curl"
          />
          <Button onClick={onClose}>Cancel</Button>
          <Button
            look="primary"
            icon={<Send size={14} />}
            disabled={submit.isPending || input === undefined}
            onClick={send}
          >
            Send
          </Button>
        </>
      }
    >
      <div className={css.form}>
        {fields && <Segments label="Input as" choices={WAYS} value={way} onChange={setWay} />}
        {isForm ? (
          fields.map((field) => (
            <FieldInput
              key={field.name}
              functionName={found.name}
              field={field}
              value={values[field.name] ?? ""}
              fault={faults[field.name] ?? ""}
              change={(value) => change(field.name, value)}
            />
          ))
        ) : (
          <label className={css.field}>
            Input as JSON
            <textarea
              className={controls.control}
              rows={10}
              spellCheck={false}
              value={json}
              aria-invalid={!isJson(json)}
              onChange={(event) => setJson(event.target.value)}
            />
          </label>
        )}
        {submit.error && <Refused error={submit.error} />}
      </div>
    </Dialog>
  );
}

function initialValues(fields: readonly Field[]): Values {
  return Object.fromEntries(fields.map((field) => [field.name, field.initial]));
}

/** What would be sent; while a JSON field is half typed there is nothing to send. */
function readForm(fields: readonly Field[], values: Values): Record<string, unknown> | undefined {
  const broken = fields.some((field) => field.kind === "json" && !isJson(values[field.name] || "null"));
  return broken ? undefined : inputOf(fields, values);
}

function Refused({ error }: { error: Error }) {
  const fields = error instanceof ApiError ? error.fields : [];
  return (
    <div role="alert" className={css.refused}>
      <strong>{error.message}</strong>
      <ul>
        {fields.map((one) => (
          <li key={one.pointer}>
            <code>{one.pointer}</code> {one.detail}
          </li>
        ))}
      </ul>
    </div>
  );
}
