import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ask, send } from "./api";
import { StatusBadge } from "./batches";
import { counted, duration } from "./format";
import { Gantt } from "./gantt_view";
import { useLive } from "./live";
import type { Batch, Progress, Timeline } from "./types";
import { FaultBox, LiveBadge, Meter } from "./widgets";

interface Seen {
  progress: Progress;
  timeline: Timeline;
}

const ENDED = ["failed", "completed", "expired", "cancelled"];

/** One batch: how far it is, what is being answered now, and its plan beside what happened. */
export function BatchView({ batch, onChanged, onKey }: { batch: Batch; onChanged: () => void; onKey: () => void }): JSX.Element {
  const [fault, setFault] = useState<unknown>(null);
  const live = useLive<Seen>(async (signal) => {
    const path = `v1/batches/${encodeURIComponent(batch.id)}`;
    const [progress, timeline] = await Promise.all([
      ask<Progress>(`${path}/progress`, { signal }),
      ask<Timeline>(`${path}/timeline`, { signal }),
    ]);
    return { progress, timeline };
  }, `batch-${batch.id}`);
  const tried = (doing: Promise<unknown>): void => void doing.then(() => setFault(null), setFault).then(onChanged);
  const status = live.value?.progress.status ?? batch.status;
  const counts = live.value?.progress.request_counts ?? batch.request_counts;
  const numDone = counts.completed + counts.failed;
  return (
    <section class="card batch" aria-label={`Batch ${batch.id}`}>
      <header>
        <h3 class="mono">{batch.id}</h3>
        <StatusBadge status={status} />
        <LiveBadge live={live} />
        <span class="end acts">
          {batch.output_file_id && <Fetch name="Answers" file={batch.output_file_id} tried={tried} />}
          {batch.error_file_id && <Fetch name="Errors" file={batch.error_file_id} tried={tried} />}
          {!ENDED.includes(status) && (
            <button type="button" class="small" onClick={() => tried(ask(`v1/batches/${encodeURIComponent(batch.id)}/cancel`, { method: "POST" }))}>
              Cancel batch
            </button>
          )}
        </span>
      </header>
      <FaultBox fault={fault ?? live.fault} onKey={onKey} />
      <Meter
        label="Lines"
        value={numDone}
        max={counts.total}
        tone={counts.failed ? "warn" : "plain"}
        text={`${numDone.toLocaleString("en")} of ${counted(counts.total, "line")}${counts.failed ? `, ${counts.failed} failed` : ""}`}
      />
      {batch.errors?.data.map((one, place) => (
        <p class="note" key={place}>
          {one.line !== null && <strong>Line {one.line}: </strong>}
          {one.message}
        </p>
      ))}
      {live.value?.progress.obstacle && <p class="note">{live.value.progress.obstacle}</p>}
      {live.value?.progress.run && <Run run={live.value.progress.run} />}
      {live.value && <Gantt timeline={live.value.timeline} />}
    </section>
  );
}

function Run({ run }: { run: NonNullable<Progress["run"]> }): JSX.Element {
  const facts: [string, string][] = [
    ["Speed", `${Math.round(run.tokens_per_s).toLocaleString("en")} tokens/s`],
    ["Swaps", `${run.swaps_so_far} of ${run.swaps_expected}`],
    ["Left", run.left_s === null ? "unknown" : duration(run.left_s)],
  ];
  return (
    <>
      <dl class="sums">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {run.current.map((one) => (
        <Meter key={one.slot + one.expert} label={`${one.slot}: ${one.expert}`} value={one.num_done} max={one.num_calls} text={`${one.num_done}/${counted(one.num_calls, "call")}`} />
      ))}
    </>
  );
}

function Fetch({ name, file, tried }: { name: string; file: string; tried: (doing: Promise<unknown>) => void }): JSX.Element {
  const fetched = async (): Promise<void> => {
    const reply = await send(`v1/files/${encodeURIComponent(file)}/content`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await reply.blob());
    link.download = `${file}.jsonl`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <button type="button" class="small" onClick={() => tried(fetched())}>
      {name}
    </button>
  );
}
