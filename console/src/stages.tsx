import type { JSX } from "preact";
import type { Answer } from "./conversation";
import { counted, duration } from "./format";
import type { Details, StageDetail, StageTold } from "./types";
import { Badge } from "./widgets";

/** What a composition does before it answers, while it does it. */
export function Stages({ answer, isRunning }: { answer: Answer; isRunning: boolean }): JSX.Element | null {
  const { stages, details } = answer;
  if (!stages.length && !details?.stages.length) return null;
  return (
    <section class="card" aria-labelledby="stages-title">
      <header>
        <h2 id="stages-title">Stages</h2>
        {isRunning && <Badge tone="info">Under way</Badge>}
      </header>
      <ol class="stages" aria-live="polite">
        {stages.map((one) => (isRunning || answer.fault ? one : ended(one, details))).map((stage, place) => (
          <Stage key={`${stage.path.join("/")}-${place}`} stage={stage} />
        ))}
        {isRunning && answer.firstMs !== null && (
          <li class="running">
            <strong>answer</strong>
            <span class="muted">being written</span>
          </li>
        )}
      </ol>
      {details && details.stages.length > 0 && (
        <details>
          <summary>Every call</summary>
          <Calls stages={details.stages} />
        </details>
      )}
    </section>
  );
}

/** The stage that writes the answer ends with it; nothing else says so. */
function ended(stage: StageTold, details: Details | null): StageTold {
  if (stage.state === "done") return stage;
  const done = details?.stages.find((one) => one.name === stage.stage);
  return { ...stage, state: "done", num_done: stage.num_calls, took_s: done ? done.took_ms / 1000 : stage.took_s };
}

function Stage({ stage }: { stage: StageTold }): JSX.Element {
  const done = stage.num_calls ? stage.num_done / stage.num_calls : stage.state === "done" ? 1 : 0;
  return (
    <li class={stage.state === "done" ? "done" : "running"} style={{ marginLeft: `${(stage.path.length - 1) * 14}px` }}>
      <strong>{stage.stage}</strong>
      <span class="muted">
        {stage.num_done}/{counted(stage.num_calls, "call")} · {[...new Set(stage.models)].join(", ")}
      </span>
      <time>{duration(stage.took_s)}</time>
      <i aria-hidden="true">
        <b style={{ width: `${done * 100}%` }} />
      </i>
    </li>
  );
}

function Calls({ stages }: { stages: StageDetail[] }): JSX.Element {
  return (
    <ul class="calls">
      {stages.map((stage, place) => (
        <li key={place}>
          <strong>{stage.name}</strong> <span class="muted">{duration(stage.took_ms / 1000)}</span>
          <ul>
            {stage.calls.map((call, at) => (
              <li key={at}>
                {call.expert}
                {call.answered_by && call.answered_by !== call.expert && ` by ${call.answered_by}`}{" "}
                {call.ending === "done" ? null : <Badge tone="warn">{call.ending}</Badge>}
                <span class="muted">
                  {" "}
                  {duration(call.took_ms / 1000)}, {counted(call.completion_tokens, "token")}
                </span>
                {call.stages.length > 0 && <Calls stages={call.stages} />}
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}
