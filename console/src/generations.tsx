import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ask, posting } from "./api";
import { ago, counted } from "./format";
import { useNow } from "./live";
import type { Applied, Generation } from "./types";
import { Badge, FaultBox } from "./widgets";

/** What was live before, and the way back to it: asked twice, since all callers feel it. */
export function Generations({ generations, onDone }: { generations: Generation[]; onDone: () => void }): JSX.Element {
  const [asked, setAsked] = useState<number | null>(null);
  const [said, setSaid] = useState("");
  const [fault, setFault] = useState<unknown>(null);
  const nowMs = useNow(5000);
  const back = async (number: number): Promise<void> => {
    setAsked(null);
    try {
      const applied = await ask<Applied>("admin/registry/rollback", posting({ generation: number }));
      setSaid(`Generation ${applied.generation} is live, with the text of ${number}.`);
      setFault(null);
    } catch (refusal) {
      setFault(refusal);
    }
    onDone();
  };
  return (
    <section class="card" aria-labelledby="generations-title">
      <h3 id="generations-title">Generations</h3>
      {said && <p class="note good" role="status">{said}</p>}
      <FaultBox fault={fault} />
      <ul class="generations">
        {generations.map((one) => (
          <li key={one.number}>
            <strong>{one.number}</strong>
            <span class="muted">
              {one.restores ? `text of ${one.restores}` : `by ${one.source}`}, {counted(one.num_experts, "expert")}, {ago(one.created_s, nowMs)}
            </span>
            {one.is_live ? (
              <Badge tone="good">live</Badge>
            ) : asked === one.number ? (
              <span class="acts">
                <button type="button" class="small primary" onClick={() => void back(one.number)}>
                  Go back to {one.number}
                </button>
                <button type="button" class="small" onClick={() => setAsked(null)}>
                  No
                </button>
              </span>
            ) : (
              <button type="button" class="small" aria-label={`Go back to generation ${one.number}`} onClick={() => setAsked(one.number)}>
                Go back
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
