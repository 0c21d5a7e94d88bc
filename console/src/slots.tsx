import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ask } from "./api";
import { counted, gib, percent } from "./format";
import { useLive } from "./live";
import { SlotCard } from "./slot_card";
import type { ExpertRef, Residency, SlotRow } from "./types";
import { Empty, FaultBox, Icon, LiveBadge } from "./widgets";

type Wish = "load" | "unload" | "pin" | "unpin";

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
        <section class="card" aria-labelledby="experts-title">
          <header>
            <h2 id="experts-title">Experts</h2>
            <span class="muted">{counted(residency.experts.length, "definition")}</span>
          </header>
          {said && ("text" in said ? <p class="note" role="status">{said.text}</p> : <FaultBox fault={said.fault} onKey={onKey} />)}
          <Experts residency={residency} wish={(kind, expert) => void wish(kind, expert)} />
        </section>
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

function Experts({ residency, wish }: { residency: Residency; wish: (kind: Wish, expert: string) => void }): JSX.Element {
  const isSame = (a: ExpertRef, b: ExpertRef): boolean => a.id === b.id && a.version === b.version;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-labelledby="experts-title">
      <table>
        <thead>
          <tr>
            <th scope="col">Expert</th>
            <th scope="col">Resident</th>
            <th scope="col" class="wide-only">Taken by</th>
            <th scope="col" class="wide-only">At home</th>
            <th scope="col">
              <span class="unseen">Wishes</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {residency.experts.map(({ expert, slots, homes }) => {
            const at = residency.slots.filter((slot) => slot.engines.some((one) => one.residents.some((ref) => isSame(ref, expert))));
            const isPinned = residency.slots.some((slot) => slot.engines.some((one) => one.pinned.some((ref) => isSame(ref, expert))));
            return (
              <tr key={`${expert.id}@${expert.version}`}>
                <th scope="row">
                  {expert.id} {isPinned && <Icon name="pin" />}
                  {isPinned && <span class="unseen">pinned</span>}
                  <small class="mono">{expert.version}{expert.is_live ? "" : ", older"}</small>
                </th>
                <td>{at.length ? at.map((slot) => slot.name).join(", ") : <span class="muted">no</span>}</td>
                <td class="wide-only">{slots.join(", ") || <span class="muted">nobody yet</span>}</td>
                <td class="wide-only">{homes.join(", ") || <span class="muted">anywhere</span>}</td>
                <td class="acts">
                  {expert.is_live && (
                    <>
                      <Act kind={at.length ? "unload" : "load"} expert={expert.id} wish={wish} />
                      <Act kind={isPinned ? "unpin" : "pin"} expert={expert.id} wish={wish} />
                    </>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Act({ kind, expert, wish }: { kind: Wish; expert: string; wish: (kind: Wish, expert: string) => void }): JSX.Element {
  return (
    <button type="button" class="small" aria-label={`${kind} ${expert}`} onClick={() => wish(kind, expert)}>
      {kind}
    </button>
  );
}
