import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ask, Refusal, send } from "./api";
import { DiffView } from "./diff_view";
import { Editor } from "./editor";
import { counted } from "./format";
import { Generations } from "./generations";
import { useLive } from "./live";
import type { Applied, Fault, Generation, RegistryState } from "./types";
import { Badge, FaultBox, LiveBadge } from "./widgets";

interface Base {
  text: string;
  generation: number;
}

interface Seen {
  state: RegistryState;
  generations: Generation[];
}

/** A check and the very text that it is of: no other text can be applied by it. */
type Outcome = { of: string } & ({ applied: Applied } | { fault: unknown; faults: Fault[] });

/** The registry as text: edited, checked, compared, and only then applied. */
export function RegistryPage({ onKey, turn }: { onKey: () => void; turn: number }): JSX.Element {
  const live = useLive<Seen>(async (signal) => {
    const [state, { data }] = await Promise.all([
      ask<RegistryState>("admin/registry", { signal }),
      ask<{ data: Generation[] }>("admin/registry/generations", { signal }),
    ]);
    return { state, generations: data };
  }, `registry-${turn}`);
  const [base, setBase] = useState<Base | null>(null);
  const [text, setText] = useState("");
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [said, setSaid] = useState("");
  const [fault, setFault] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const [shown, setShown] = useState<{ line: number; turn: number } | null>(null);

  const load = async (): Promise<void> => {
    const reply = await send("admin/registry/text");
    const found = { text: await reply.text(), generation: Number(reply.headers.get("etag")?.replace(/\D/g, "")) };
    setBase(found);
    setText(found.text);
    setOutcome(null);
    setFault(null);
  };
  useEffect(() => void load().catch(setFault), [turn]);

  const isEdited = base !== null && text !== base.text;
  const check = outcome && outcome.of === text ? outcome : null;
  const liveGeneration = live.value?.state.generation;
  const isBehind = base !== null && liveGeneration !== undefined && liveGeneration > base.generation;
  useEffect(() => {
    if (isBehind && !isEdited && !isBusy) void load().catch(setFault);
  }, [isBehind, isEdited, isBusy]);

  const posted = async (query: string): Promise<Applied> => {
    const headers = { "content-type": "text/yaml", "if-match": String(base!.generation) };
    return ask<Applied>(`admin/registry${query}`, { method: "POST", body: text, headers });
  };
  const tried = async (query: string): Promise<void> => {
    if (!base || isBusy) return;
    setBusy(true);
    setSaid("");
    try {
      const applied = await posted(query);
      if (applied.outcome === "live") {
        setSaid(`Generation ${applied.generation} is live.${applied.file_differs ? " The registry file says something else: it wins when it is saved or the service starts again." : ""}`);
        await load();
        live.refresh();
      } else setOutcome({ of: text, applied });
    } catch (failure) {
      const faults = failure instanceof Refusal ? failure.faults : [];
      setOutcome({ of: text, fault: failure, faults });
    }
    setBusy(false);
  };
  const isValid = check !== null && "applied" in check && check.applied.outcome === "valid";
  return (
    <>
      <header class="page">
        <h2>Registry</h2>
        <LiveBadge live={live} />
        {live.value && <State state={live.value.state} />}
      </header>
      <FaultBox fault={fault ?? live.fault} onKey={onKey} />
      {base && (
        <div class="workbench">
          <section class="card" aria-label="Edit">
            <header>
              <h3>experts.yaml</h3>
              {isEdited ? <Badge tone="info">Edited</Badge> : <Badge>Generation {base.generation}</Badge>}
              <span class="end acts">
                <button type="button" disabled={!isEdited || isBusy} onClick={() => setText(base.text)}>
                  Undo all
                </button>
                <button type="button" class={isValid ? "" : "primary"} disabled={!isEdited || isBusy} onClick={() => void tried("?dry_run=true")}>
                  Check
                </button>
                <button type="button" class={isValid ? "primary" : ""} disabled={!isValid || isBusy || isBehind} onClick={() => void tried("")}>
                  Apply
                </button>
              </span>
            </header>
            <Editor
              text={text}
              faults={check && "fault" in check ? check.faults : []}
              warnings={check && "applied" in check ? check.applied.warnings : []}
              shown={shown}
              onInput={setText}
              onCheck={() => void tried("?dry_run=true")}
            />
          </section>
          <aside aria-label="What the edit comes to">
            {said && <p class="note good" role="status">{said}</p>}
            {isBehind && isEdited && (
              <div class="fault" role="alert">
                <p>Generation {liveGeneration} went live meanwhile, and this edit builds on {base.generation}.</p>
                <button type="button" onClick={() => void load().catch(setFault)}>
                  Load it, and give this edit up
                </button>
              </div>
            )}
            <Verdict check={check} base={base} text={text} isEdited={isEdited} onShow={(line) => setShown({ line, turn: Date.now() })} onKey={onKey} />
            {live.value && <Generations generations={live.value.generations} onDone={live.refresh} />}
          </aside>
        </div>
      )}
    </>
  );
}

function State({ state }: { state: RegistryState }): JSX.Element {
  const { preparing, file } = state.rollout ?? {};
  return (
    <>
      <span class="muted wide-only">
        {[counted(state.num_experts, "expert"), counted(state.num_routers, "router"), counted(state.num_compositions, "composition"), counted(state.num_slots, "slot")].join(", ")}
      </span>
      {preparing && (
        <Badge tone="info">
          Generation {preparing.number} on its way{Object.keys(preparing.waiting_for).length > 0 && `: waits for ${Object.keys(preparing.waiting_for).join(", ")}`}
        </Badge>
      )}
      {file?.differs && <Badge tone="warn">The file says something else</Badge>}
    </>
  );
}

interface VerdictProps {
  check: Outcome | null;
  base: Base;
  text: string;
  isEdited: boolean;
  onShow: (line: number) => void;
  onKey: () => void;
}

function Verdict({ check, base, text, isEdited, onShow, onKey }: VerdictProps): JSX.Element {
  if (!check) {
    return (
      <section class="card">
        <h3>{isEdited ? "Not checked yet" : "Nothing edited"}</h3>
        <p class="muted">
          {isEdited ? "Check says every fault with its line, or what the edit changes. Nothing is applied by it." : "Edit the text, check it, compare it, then apply it. No request is lost."}
        </p>
      </section>
    );
  }
  if ("fault" in check) {
    return (
      <section class="card">
        <h3>{check.faults.length ? counted(check.faults.length, "fault") : "Refused"}</h3>
        {check.faults.length ? <Faults faults={check.faults} onShow={onShow} /> : <FaultBox fault={check.fault} onKey={onKey} />}
      </section>
    );
  }
  return (
    <section class="card" role="status">
      <header>
        <h3>Changes</h3>
        <Badge tone="good">{check.applied.outcome}</Badge>
      </header>
      {check.applied.warnings.length > 0 && <Faults faults={check.applied.warnings} onShow={onShow} />}
      {check.applied.outcome === "unchanged" && <p class="muted">The registry says the same; only its wording differs.</p>}
      <DiffView old={base.text} now={text} diff={check.applied.diff} />
    </section>
  );
}

/** What is wrong, without the place and the key that stand beside it. */
function reasonOf({ key, text }: Fault): string {
  const reason = text.replace(/^[^\s:]+:\d+:\d+: /, "");
  return key && reason.startsWith(`${key}: `) ? reason.slice(key.length + 2) : reason;
}

function Faults({ faults, onShow }: { faults: Fault[]; onShow: (line: number) => void }): JSX.Element {
  return (
    <ul class="faults" id="faults" role="alert">
      {faults.map((one, place) => (
        <li key={place}>
          {one.line ? (
            <button type="button" class="small" onClick={() => onShow(one.line!)}>
              Line {one.line}
            </button>
          ) : null}
          <span>
            {one.key && <code>{one.key}</code>} {reasonOf(one)}
          </span>
        </li>
      ))}
    </ul>
  );
}
