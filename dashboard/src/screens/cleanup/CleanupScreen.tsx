import { useState } from "react";
import { useFunctions } from "@/api/queries";
import type { Target } from "@/model/bulk";
import { BulkDialog } from "@/ui/BulkDialog";
import { Card } from "@/ui/Card";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Empty, QueryView } from "@/ui/QueryView";
import { Orphans } from "./Orphans";
import { Stored } from "./Stored";

/** What is kept, for how long, and how to be rid of it earlier. */
export function CleanupScreen() {
  const functions = useFunctions();
  const [target, setTarget] = useState<Target | null>(null);
  return (
    <div className={layout.page}>
      <PageHead
        title="Cleanup"
        lead="Ended tasks vanish by themselves, when their function's manifest says so."
      />
      <QueryView
        query={functions}
        lines={8}
        isEmpty={(found) => found.length === 0}
        empty={
          <Card>
            <Empty title="No function is registered yet">There is nothing to clean up.</Empty>
          </Card>
        }
      >
        {(found) => found.map((one) => <Stored key={one.name} found={one} purge={setTarget} />)}
      </QueryView>
      <Orphans />
      {target && <BulkDialog act="delete" target={target} onClose={() => setTarget(null)} />}
    </div>
  );
}
