import { ExternalLink } from "lucide-react";
import { Fragment } from "react";
import { readCredential } from "@/api/credential";
import { type Answer, type Body, curlOf, type Field, type Operation, spans } from "@/model/apiReference";
import { buttonClass } from "@/ui/Button";
import { CopyButton } from "@/ui/CopyButton";
import { JsonView } from "@/ui/JsonView";
import { Fields } from "./Fields";
import css from "./OperationDetail.module.css";

/** How an operation is called, and what it answers. */
export function OperationDetail({ operation }: { operation: Operation }) {
  const { about, parameters, body, answers, role } = operation;
  return (
    <div className={css.detail}>
      {about.map((paragraph) => (
        <p key={paragraph}>
          <Words text={paragraph} />
        </p>
      ))}
      {role && <p className="soft">{needs(role)}</p>}
      <Call operation={operation} />
      <Part title="Parameters" fields={parameters} />
      {body && <Given body={body} id={operation.id} />}
      <Answers answers={answers} />
    </div>
  );
}

function needs(role: string): string {
  return role === "public" ? "Needs no key." : `Needs the role ${role}.`;
}

function Words({ text }: { text: string }) {
  return spans(text).map((span, position) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text that never changes
    <Fragment key={position}>{span.isCode ? <code>{span.text}</code> : span.text}</Fragment>
  ));
}

function Call({ operation }: { operation: Operation }) {
  const hasKey = readCredential() !== "";
  const call = curlOf(operation, location.origin, hasKey);
  return (
    <div className={css.call}>
      <code>{call}</code>
      <CopyButton text={call} label="Copy as curl" />
      <a className={buttonClass("quiet")} href={`/docs#${encodeURIComponent(operation.id)}`}>
        <ExternalLink size={14} aria-hidden="true" />
        Try it
      </a>
    </div>
  );
}

function Part({ title, fields }: { title: string; fields: readonly Field[] }) {
  if (fields.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <Fields label={title} fields={fields} />
    </>
  );
}

function Given({ body, id }: { body: Body; id: string }) {
  return (
    <>
      <h3>Body</h3>
      <p className="soft">
        {body.shape}, as {body.types.join(", ")}
      </p>
      {body.fields.length > 0 && <Fields label="Body" fields={body.fields} />}
      {body.type.endsWith("json") && <JsonView value={body.example} label={`Example for ${id}`} />}
    </>
  );
}

function Answers({ answers }: { answers: readonly Answer[] }) {
  return (
    <>
      <h3>Answers</h3>
      <ul className={css.answers}>
        {answers.map((answer) => (
          <li key={answer.status}>
            <strong className="number">{answer.status}</strong> {answer.about}
            {answer.shape && <code className="soft"> {answer.shape}</code>}
            {answer.fields.length > 0 && <Fields label={`Answer ${answer.status}`} fields={answer.fields} />}
          </li>
        ))}
      </ul>
    </>
  );
}
