import { Info } from "lucide-react";
import { useCluster } from "@/api/queries";
import type { ClusterCondition, ClusterFacts, ClusterPod } from "@/api/types";
import { podNotes, podVerdict, sorted, verdictOn } from "@/model/cluster";
import { Card } from "@/ui/Card";
import { ClusterEventList } from "@/ui/ClusterEventList";
import { QueryView } from "@/ui/QueryView";
import { Time } from "@/ui/Time";
import { VerdictChip } from "@/ui/VerdictChip";
import css from "./Cluster.module.css";

/** What the cluster says of a function; nothing where there is no cluster, one line where it cannot be read. */
export function Cluster({ name }: { name: string }) {
  const query = useCluster(name);
  const { data } = query;
  if (!data) return query.isError && <Quiet why={query.error.message} />;
  if (!data.enabled) return null;
  if (!data.available) return <Quiet why={data.why} />;
  return (
    <Card title="On the cluster" hint={`namespace ${data.namespace}`}>
      <QueryView query={query}>{(facts) => <Found facts={facts} />}</QueryView>
    </Card>
  );
}

function Quiet({ why }: { why: string }) {
  return (
    <p className={css.quiet}>
      <Info size={14} aria-hidden="true" />
      <span>The cluster's facts are not shown. {why}</span>
    </p>
  );
}

function Found({ facts }: { facts: ClusterFacts }) {
  return (
    <div className={css.found}>
      <Conditions conditions={facts.conditions} />
      <Workers workers={facts.workers} />
      <div className={css.halves}>
        <section aria-label="Pods">
          <h3>Pods</h3>
          <Pods pods={facts.pods} />
        </section>
        <section aria-label="Events">
          <h3>Events</h3>
          {facts.why && <p className="soft">{facts.why}</p>}
          <ClusterEventList events={facts.events} />
        </section>
      </div>
    </div>
  );
}

function Conditions({ conditions }: { conditions: readonly ClusterCondition[] }) {
  const { fine, told } = sorted(conditions);
  if (conditions.length === 0)
    return <p className="soft">The operator has not said anything about it yet.</p>;
  return (
    <ul className={css.conditions} aria-label="Conditions">
      {told.map((one) => (
        <li key={one.of + one.type} className={css.told}>
          <VerdictChip verdict={verdictOn(one)}>{`${nameOf(one)}: ${one.status}`}</VerdictChip>
          <span className={css.words}>
            <b>{one.reason}</b> {one.message}{" "}
            <span className="soft">
              <Time at={one.since} />
            </span>
          </span>
        </li>
      ))}
      {fine.map((one) => (
        <li key={one.of + one.type}>
          <VerdictChip verdict="good">{one.reason ? `${one.type}: ${one.reason}` : one.type}</VerdictChip>
        </li>
      ))}
    </ul>
  );
}

const nameOf = ({ of, type }: ClusterCondition) => (of === "Deployment" ? `Deployment ${type}` : type);

function Workers({ workers }: { workers: ClusterFacts["workers"] }) {
  if (!workers) return <p className="soft">There is no Deployment for its workers yet.</p>;
  return (
    <dl className={css.workers}>
      <div>
        <dt>Workers ready</dt>
        <dd className="number">
          {workers.ready} of {workers.desired}
        </dd>
      </div>
      <div>
        <dt>of the newest version</dt>
        <dd className="number">{workers.updated}</dd>
      </div>
      <div>
        <dt>Image</dt>
        <dd>
          <code>{workers.image}</code>
        </dd>
      </div>
    </dl>
  );
}

function Pods({ pods }: { pods: readonly ClusterPod[] }) {
  if (pods.length === 0) return <p className="soft">None; they come when there is work.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <ol className={css.pods} tabIndex={0} aria-label="Pods, those in trouble first">
      {pods.map((pod) => (
        <Pod key={pod.name} pod={pod} />
      ))}
    </ol>
  );
}

function Pod({ pod }: { pod: ClusterPod }) {
  const { verdict, word } = podVerdict(pod);
  return (
    <li data-trouble={pod.needs_help}>
      <span className={css.head}>
        <VerdictChip verdict={verdict}>{word}</VerdictChip>
        <code>{pod.name}</code>
        <span className={css.at}>
          <Time at={pod.created_at} />
        </span>
      </span>
      {podNotes(pod).map((note) => (
        <span key={note} className={pod.needs_help && note === pod.message ? css.words : css.note}>
          {note}
        </span>
      ))}
    </li>
  );
}
