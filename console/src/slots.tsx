import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ask } from "./api";
import { Experts, type Wish } from "./experts";
import { gib, percent } from "./format";
import { useLive } from "./live";
import { SlotCard } from "./slot_card";
import type { Residency, SlotRow } from "./types";
import { Empty, FaultBox, LiveBadge } from "./widgets";

/** Every slot and what it holds, as it changes. */
export function Slots({ onKey, turn }: { onKey: () => void; turn: number }): JSX.Element {
  const live = useLive((signal) => ask<Residency>("admin/residency", { signal }), `slots-${turn}`);
  const [said, setSaid] = useState<{ text: string } | { fault: unknown } | null>(null);
  const wish = async (kind: Wish, expert: string): Promise<void> => {
    setSaid({ text: `${kind} ${expert} …` });
    try {
      const { slots } = await ask<{ slots: { slot: string; outcome: string }[] }>(
        `admin/experts/${encodeURIComponent(expert)}/${kind}`,
        { method: "POST" },
      );
      setSaid({ text: `${kind} ${expert}: ${slots.map((one) => `${one.outcome} at ${one.slot}`).join(", ")}` });
    } catch (fault) {
      setSaid({ fault });
    }
    live.refresh();
  };
  const residency = live.value;
  return (
    <>
      <header class="page">
        <h2>Slots</h2>
        <LiveBadge live={live} />
        {residency && <span class="muted">generation {residency.generation}</span>}
      </header>
      <FaultBox fault={live.fault} onKey={onKey} />
      {residency && <Sums slots={residency.slots} />}
      {residency && !residency.slots.length && (
        <Empty title="No slots">
          <p>Every expert of this registry is an upstream, which needs none.</p>
        </Empty>
      )}
      <div class="cards">
        {residency?.slots.map((slot) => (
          <SlotCard key={slot.name} slot={slot} />
        ))}
      </div>
      {residency && residency.experts.length > 0 && (
        <Experts residency={residency} wish={(kind, expert) => void wish(kind, expert)}>
          {said && ("text" in said ? <p class="note" role="status">{said.text}</p> : <FaultBox fault={said.fault} onKey={onKey} />)}
        </Experts>
      )}
    </>
  );
}

function Sums({ slots }: { slots: SlotRow[] }): JSX.Element {
  const engines = slots.flatMap((slot) => slot.engines);
  const numReady = slots.filter((slot) => slot.state === "ready").length;
  const numInFlight = engines.flatMap((one) => one.in_flight).reduce((sum, one) => sum + one.num_calls, 0);
  const numWaiting = slots.flatMap((slot) => slot.queues).reduce((sum, one) => sum + one.num_calls, 0);
  const numAdmitted = slots.reduce((sum, slot) => sum + slot.num_admitted, 0);
  const numHits = slots.reduce((sum, slot) => sum + slot.num_hits, 0);
  const takenGib = slots.reduce((sum, slot) => sum + (slot.device?.taken_gib ?? 0), 0);
  const sums: [string, string][] = [
    ["Slots ready", `${numReady}/${slots.length}`],
    ["In flight", numInFlight.toLocaleString("en")],
    ["Waiting", numWaiting.toLocaleString("en")],
    ["Resident on arrival", numAdmitted ? percent(numHits / numAdmitted) : "–"],
    ["Weights", gib(takenGib)],
  ];
  return (
    <dl class="sums">
      {sums.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
