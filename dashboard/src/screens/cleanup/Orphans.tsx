import { Wrench } from "lucide-react";
import { useRequeueOrphans } from "@/api/mutations";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import layout from "@/ui/layout.module.css";
import { complain, notify } from "@/ui/Toaster";
import { useCan } from "@/ui/useCan";

/** Repairs what another program's writes can break, and ours cannot. */
export function Orphans() {
  const can = useCan("admin");
  const { mutate, isPending } = useRequeueOrphans();
  if (!can) return null;
  return (
    <Card title="Orphaned tasks">
      <div className={layout.row}>
        <p className="soft">
          Tasks that are pending and stand in no queue, after somebody wrote into Redis by hand.
        </p>
        <Button
          icon={<Wrench size={14} aria-hidden="true" />}
          disabled={isPending}
          onClick={() =>
            mutate(undefined, { onSuccess: (found) => notify(found.message), onError: complain })
          }
        >
          Look, and queue them again
        </Button>
      </div>
    </Card>
  );
}
