import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { counted } from "./format";
import type { ExpertRef, ExpertRow, Residency } from "./types";
import { Icon } from "./widgets";

export type Wish = "load" | "unload" | "pin" | "unpin";
type Wishing = (kind: Wish, expert: string) => void;

/** So many are seen at a glance; above it there is something to find one by. */
const GLANCE = 12;

/** Every definition that slots know, where it is, and what can be wished of it. */
export function Experts(props: { residency: Residency; wish: Wishing; children: ComponentChildren }): JSX.Element {
  const { residency, wish, children } = props;
  const [words, setWords] = useState("");
  const found = residency.experts.filter((row) => isFound(row, words));
  const num = counted(residency.experts.length, "definition");
  return (
    <section class="card" aria-labelledby="experts-title">
      <header>
        <h2 id="experts-title">Experts</h2>
        <span class="muted" role="status">{words.trim() ? `${found.length} of ${num}` : num}</span>
        {residency.experts.length > GLANCE && (
          <input
            type="search"
            class="end find"
            aria-label="Find experts"
            placeholder="Find by name or slot"
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
          />
        )}
      </header>
      {children}
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
            {found.map((row) => (
              <Row key={`${row.expert.id}@${row.expert.version}`} row={row} residency={residency} wish={wish} />
            ))}
          </tbody>
        </table>
        {!found.length && <p class="muted">No expert has “{words.trim()}” in its name, its version or its slots.</p>}
      </div>
    </section>
  );
}

/** Whether every word is in the name of an expert, its version or its slots. */
function isFound({ expert, slots, homes }: ExpertRow, words: string): boolean {
  const told = [expert.id, expert.version, ...slots, ...homes].join(" ").toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => told.includes(word));
}

function Row({ row, residency, wish }: { row: ExpertRow; residency: Residency; wish: Wishing }): JSX.Element {
  const { expert, slots, homes } = row;
  const isIt = (ref: ExpertRef): boolean => ref.id === expert.id && ref.version === expert.version;
  const at = residency.slots.filter((slot) => slot.engines.some((one) => one.residents.some(isIt)));
  const isPinned = residency.slots.some((slot) => slot.engines.some((one) => one.pinned.some(isIt)));
  return (
    <tr>
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
}

function Act({ kind, expert, wish }: { kind: Wish; expert: string; wish: Wishing }): JSX.Element {
  return (
    <button type="button" class="small" aria-label={`${kind} ${expert}`} onClick={() => wish(kind, expert)}>
      {kind}
    </button>
  );
}
