import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useDocument } from "@/api/queries";
import { counted } from "@/format/numbers";
import { matching, readReference, type Section } from "@/model/apiReference";
import { readWordSearch } from "@/model/wordSearch";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { FilterField } from "@/ui/FilterField";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Empty, QueryView } from "@/ui/QueryView";
import css from "./ApiReferenceScreen.module.css";
import { Calling } from "./Calling";
import { OperationLine } from "./OperationLine";

const NONE: readonly Section[] = [];

/** What the API can be asked, as it says itself. */
export function ApiReferenceScreen() {
  const { q = "" } = useSearch({ from: "/api-reference" });
  const navigate = useNavigate({ from: "/api-reference" });
  const document = useDocument();
  const all = useMemo(() => (document.data ? readReference(document.data) : NONE), [document.data]);
  const sections = useMemo(() => matching(all, q), [all, q]);
  const filter = (text: string) => navigate({ search: readWordSearch({ q: text }), replace: true });
  return (
    <div className={layout.page}>
      <PageHead title="API" lead={<Total sections={sections} />} />
      <Calling version={document.data?.info?.version ?? ""} />
      <FilterField
        label="Filter operations"
        placeholder="Path, method, role, or a word"
        text={q}
        change={filter}
      />
      <QueryView
        query={document}
        lines={12}
        isEmpty={() => sections.length === 0}
        empty={
          <Card>
            <Empty title="No operation matches">
              <Button onClick={() => filter("")}>Clear the filter</Button>
            </Empty>
          </Card>
        }
      >
        {() => sections.map((section) => <Operations key={section.name} section={section} />)}
      </QueryView>
    </div>
  );
}

function Total({ sections }: { sections: readonly Section[] }) {
  const number = sections.reduce((sum, one) => sum + one.operations.length, 0);
  return (
    <span className="number" role="status">
      {counted(number, "operation")}
    </span>
  );
}

function Operations({ section }: { section: Section }) {
  return (
    <Card title={section.name} hint={section.about} flush>
      <ul>
        {section.operations.map((one) => (
          <li key={one.id} className={css.operation}>
            <OperationLine operation={one} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
