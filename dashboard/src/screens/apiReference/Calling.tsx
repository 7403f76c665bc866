import { readCredential } from "@/api/credential";
import { authorization, quoted } from "@/model/commands";
import { Card } from "@/ui/Card";
import { CopyButton } from "@/ui/CopyButton";
import css from "./Calling.module.css";

/** How to call the API from elsewhere. */
export function Calling({ version }: { version: string }) {
  const hasKey = readCredential() !== "";
  const document = `curl -s${authorization(hasKey)} ${quoted(`${location.origin}/openapi.json`)}`;
  return (
    <Card title="How to call it" hint={version && `version ${version}`}>
      <dl className={css.facts}>
        <dt>Base address</dt>
        <dd>
          <code>{location.origin}</code>
          <CopyButton text={location.origin} label="Copy the base address" />
        </dd>
        <dt>Credential</dt>
        <dd>{hasKey ? <Key /> : <NoKey />}</dd>
        <dt>Errors</dt>
        <dd>RFC 9457 problems with a stable code, the same for every operation.</dd>
        <dt>Document</dt>
        <dd>
          {hasKey ? <code>/openapi.json</code> : <a href="/openapi.json">openapi.json</a>}
          <CopyButton text={document} label="Copy the document's address as curl" />
        </dd>
        <dt>Try it</dt>
        <dd>
          <a href="/docs">Interactive page</a>
          {hasKey && ", which asks for the key again"}
        </dd>
      </dl>
    </Card>
  );
}

function Key() {
  return (
    <span>
      <code>Authorization: Bearer $ATF_API_KEY</code>, or the key as <code>X-API-Key</code>. Roles: read,
      write, admin; each may do what those before it may.
    </span>
  );
}

function NoKey() {
  return (
    <span>
      None: this installation asks nobody. Where keys are on: <code>Authorization: Bearer …</code> or{" "}
      <code>X-API-Key</code>.
    </span>
  );
}
