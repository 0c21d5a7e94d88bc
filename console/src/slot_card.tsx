import type { JSX } from "preact";
import { counted, duration, gib, percent } from "./format";
import type { EngineRow, ExpertRef, Memory, SlotRow } from "./types";
import { Badge, Icon, Meter, type Tone } from "./widgets";

const TONES: Record<SlotRow["state"], Tone> = { ready: "good", starting: "info", failed: "bad", silent: "warn" };
const RUNGS: Record<string, Tone> = { serving: "good", asleep: "info", weightless: "plain", stopped: "plain" };

/** One slot: its engines, who is resident, who waits, and what it does next and why. */
export function SlotCard({ slot }: { slot: SlotRow }): JSX.Element {
  return (
    <section class={`card slot ${slot.state}`} aria-label={`Slot ${slot.name}`}>
      <header>
        <h3>{slot.name}</h3>
        <Badge tone={TONES[slot.state]}>{slot.state}</Badge>
        {slot.hit_rate !== null && <span class="muted end">{percent(slot.hit_rate)} resident on arrival</span>}
      </header>
      {slot.state !== "ready" && slot.detail && (
        <p class="note">
          {slot.detail}
          {slot.state === "silent" && slot.age_s !== null && `; what follows is ${duration(slot.age_s)} old`}
        </p>
      )}
      {slot.engines.map((engine) => (
        <Engine key={engine.id} engine={engine} />
      ))}
      {slot.queues.length > 0 && <Queues slot={slot} />}
      <div class="meters">
        <Ledger label="Device" memory={slot.device} />
        <Ledger label="Host" memory={slot.host} />
      </div>
      {(slot.why || slot.action) && (
        <p class="why">
          {slot.action && <span>{readable(slot.action)}</span>}
          {slot.why && <span class="muted">{readable(slot.why)}</span>}
        </p>
      )}
      {slot.broken.map((one) => (
        <p key={one.expert.id} class="note">
          <strong>{one.expert.id}</strong> is left alone: {one.why}
        </p>
      ))}
    </section>
  );
}

function Engine({ engine }: { engine: EngineRow }): JSX.Element {
  const numInFlight = engine.in_flight.reduce((sum, one) => sum + one.num_calls, 0);
  const calls = new Map(engine.in_flight.map((one) => [one.expert.id + one.expert.version, one.num_calls]));
  const isPinned = (ref: ExpertRef): boolean => engine.pinned.some((one) => one.id === ref.id && one.version === ref.version);
  return (
    <div class="engine">
      <p class="engine-head">
        <strong>{engine.lineage}</strong>
        <Badge tone={RUNGS[engine.rung ?? ""] ?? "plain"}>{engine.rung ?? engine.state}</Badge>
        <span class="muted end">
          {numInFlight > 0 ? `${numInFlight} in flight` : engine.num_experts ? `can be ${counted(engine.num_experts, "expert")}` : engine.detail}
        </span>
      </p>
      {engine.step && (
        <p class="step" role="status">
          <i aria-hidden="true" />
          {engine.step.kind}
          {engine.step.expert && (
            <>
              {" "}to <strong>{engine.step.expert.id}</strong>
            </>
          )}
          <span class="muted end">{duration(engine.step.for_s)}</span>
        </p>
      )}
      {!engine.step && engine.draining_for && (
        <p class="step" role="status">
          <i aria-hidden="true" />
          finishes its calls, then <strong>{engine.draining_for.id}</strong>
        </p>
      )}
      <ul class="residents" aria-label={`Resident in ${engine.lineage}`}>
        {engine.residents.map((ref) => {
          const numCalls = calls.get(ref.id + ref.version) ?? 0;
          return (
            <li key={ref.id + ref.version} class={numCalls ? "busy" : ""}>
              {isPinned(ref) && <Icon name="pin" />}
              {ref.id}
              {isPinned(ref) && <span class="unseen"> pinned</span>}
              {!ref.is_live && <small> older</small>}
              {numCalls > 0 && <b aria-label={`${numCalls} in flight`}>{numCalls}</b>}
            </li>
          );
        })}
        {!engine.residents.length && <li class="none">nobody resident</li>}
      </ul>
      {engine.down && <p class="note">{engine.down}</p>}
    </div>
  );
}

function Queues({ slot }: { slot: SlotRow }): JSX.Element {
  const most = Math.max(...slot.queues.map((one) => one.num_calls));
  return (
    <ul class="queues" aria-label="Waiting calls">
      {slot.queues.map((queue) => (
        <li key={queue.expert.id + queue.expert.version}>
          <span>{queue.expert.id}</span>
          <i aria-hidden="true">
            <b style={{ width: `${(queue.num_calls / most) * 100}%` }} />
          </i>
          <span class="mono">
            {queue.num_calls} waiting{queue.expected_s === null ? "" : `, turn in ${duration(queue.expected_s)}`}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Ledger({ label, memory }: { label: string; memory: Memory | null }): JSX.Element | null {
  if (!memory || (!memory.taken_gib && memory.room_gib === null)) return null;
  const room = memory.room_gib ?? memory.taken_gib;
  const text = memory.room_gib === null ? gib(memory.taken_gib) : `${gib(memory.taken_gib)} of ${gib(memory.room_gib)}`;
  return <Meter label={label} value={memory.taken_gib} max={room} text={text} tone={memory.taken_gib > room * 0.95 ? "warn" : "plain"} />;
}

/** Keys of definitions as people know them: `'math@0123456789ab'` is `math`. */
function readable(sentence: string): string {
  return sentence.replace(/'([^'@]+)@[0-9a-f]{12}'/g, "$1");
}
