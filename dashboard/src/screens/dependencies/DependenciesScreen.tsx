import { useDependencies } from "@/api/queries";
import { Card } from "@/ui/Card";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Empty, QueryView } from "@/ui/QueryView";
import { DependencyCard } from "./DependencyCard";
import { ServiceCard } from "./ServiceCard";

/** The services that functions call: what protects them, and how they are. */
export function DependenciesScreen() {
  const query = useDependencies();
  return (
    <div className={layout.page}>
      <PageHead title="Dependencies" />
      <QueryView
        query={query}
        lines={6}
        isEmpty={(found) => found.length === 0}
        empty={
          <Card>
            <Empty title="No dependency is registered">Functions name the services that they call.</Empty>
          </Card>
        }
      >
        {(found) => (
          <div className={layout.stack}>
            {found.map((one) => (
              <DependencyCard key={one.name} dependency={one} />
            ))}
          </div>
        )}
      </QueryView>
      <ServiceCard />
    </div>
  );
}
