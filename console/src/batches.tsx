import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ask } from "./api";
import { BatchView } from "./batch_view";
import { ago, counted } from "./format";
import { useLive, useNow } from "./live";
import { NewBatch } from "./new_batch";
import type { Batch } from "./types";
import { Badge, Empty, FaultBox, LiveBadge, type Tone } from "./widgets";

const TONES: Record<string, Tone> = {
  completed: "good", failed: "bad", expired: "bad", cancelled: "plain", in_progress: "info", validating: "info",
  finalizing: "info", cancelling: "warn",
};

/** A status as a word with a colour. */
export function StatusBadge({ status }: { status: string }): JSX.Element {
  return <Badge tone={TONES[status] ?? "plain"}>{status.replace("_", " ")}</Badge>;
}

/** Batches, newest first; one of them with its plan and progress. */
export function Batches({ onKey, turn }: { onKey: () => void; turn: number }): JSX.Element {
  const live = useLive((signal) => ask<{ data: Batch[]; has_more: boolean }>("v1/batches?limit=50", { signal }), `batches-${turn}`);
  const [chosen, setChosen] = useState(location.hash.split("/")[1] ?? "");
  const nowMs = useNow(5000);
  const batches = live.value?.data ?? [];
  const shown = batches.find((one) => one.id === chosen) ?? batches[0];
  useEffect(() => {
    if (shown) history.replaceState(null, "", `#batches/${shown.id}`);
  }, [shown?.id]);
  return (
    <>
      <header class="page">
        <h2>Batches</h2>
        <LiveBadge live={live} />
        <NewBatch
          onBegun={(batch) => {
            setChosen(batch.id);
            live.refresh();
          }}
        />
      </header>
      <FaultBox fault={live.fault} onKey={onKey} />
      {live.value && !batches.length && (
        <Empty title="No batches">
          <p>
            Choose a file of lines, each a request with a <code>custom_id</code>. It is planned expert by expert, and its
            plan is drawn here beside what happened.
          </p>
        </Empty>
      )}
      {shown && (
        <div class="split">
          <ul class="list" aria-label="Batches">
            {batches.map((batch) => (
              <li key={batch.id}>
                <button type="button" aria-current={batch.id === shown.id ? "true" : undefined} onClick={() => setChosen(batch.id)}>
                  <span class="mono">{batch.id}</span>
                  <StatusBadge status={batch.status} />
                  <small>
                    {counted(batch.request_counts.total, "line")}, {ago(batch.created_at, nowMs)}
                  </small>
                </button>
              </li>
            ))}
            {live.value?.has_more && <li class="muted">older ones: orchestrator batch list</li>}
          </ul>
          <BatchView key={shown.id} batch={shown} onChanged={live.refresh} onKey={onKey} />
        </div>
      )}
    </>
  );
}
