import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Refusal, sentence } from "./api";
import { duration } from "./format";
import { type Live, STALE_MS, useNow } from "./live";

export type Tone = "plain" | "good" | "warn" | "bad" | "info";

/** A word with a colour; the word alone says it too. */
export function Badge({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }): JSX.Element {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** What went wrong, and what can be done about it here. */
export function FaultBox({ fault, onKey }: { fault: unknown; onKey?: () => void }): JSX.Element | null {
  if (!fault) return null;
  return (
    <div class="fault" role="alert">
      <p>{sentence(fault)}</p>
      {fault instanceof Refusal && fault.isAboutKey && onKey && (
        <button type="button" onClick={onKey}>
          Enter a key
        </button>
      )}
    </div>
  );
}

/** Whether what is shown is true now. */
export function LiveBadge({ live }: { live: Live<unknown> }): JSX.Element {
  const nowMs = useNow(1000);
  const ageMs = live.heardMs === null ? null : nowMs - live.heardMs;
  const [tone, text] = liveText(live, ageMs);
  return (
    <span class={`live ${tone}`} role="status">
      <i aria-hidden="true" />
      {text}
    </span>
  );
}

function liveText(live: Live<unknown>, ageMs: number | null): [Tone, string] {
  if (live.isPaused) return ["plain", "Paused"];
  if (ageMs === null) return live.fault ? ["bad", "No answer"] : ["plain", "Connecting"];
  if (ageMs > STALE_MS) return ["warn", `Stale, seen ${duration(Math.round(ageMs / 1000))} ago`];
  return ["good", "Live"];
}

/** How much of something is taken. */
export function Meter(props: { label: string; value: number; max: number; text: string; tone?: Tone }): JSX.Element {
  const share = props.max > 0 ? Math.min(1, props.value / props.max) : 0;
  return (
    <div
      class={`meter ${props.tone ?? ""}`}
      role="meter"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={props.max}
      aria-valuenow={Math.min(props.value, props.max)}
      aria-valuetext={props.text}
    >
      <span class="meter-label">{props.label}</span>
      <span class="meter-bar">
        <i style={{ width: `${share * 100}%` }} />
      </span>
      <span class="meter-text">{props.text}</span>
    </div>
  );
}

/** What a place says that has nothing to show yet. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <h3>{title}</h3>
      {children}
    </div>
  );
}

/** A dialog over the page; Escape closes it. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }): JSX.Element {
  const own = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    own.current?.showModal();
    return () => (before instanceof HTMLElement ? before.focus() : undefined);
  }, []);
  return (
    <dialog ref={own} aria-labelledby="dialog-title" onClose={props.onClose}>
      <header>
        <h2 id="dialog-title">{props.title}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={() => own.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      {props.children}
    </dialog>
  );
}

const PATHS = {
  close: "M4 4l8 8M12 4l-8 8",
  key: "M9.5 6.5a3 3 0 1 1-1.6-1.6L13 10v3h-3v-2H8.5V9.5",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6z",
  auto: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
  play: "M2.5 3.5h11v7h-6l-3 2.5v-2.5h-2z",
  slots: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  batches: "M2.5 4h6M5 8h7M8 12h5.5",
  registry: "M6 4.5 2.5 8 6 11.5M10 4.5 13.5 8 10 11.5",
  pin: "M6 2.5h4l-.5 4 2 2.5h-7l2-2.5zM8 9v4.5",
  help: "M6.3 6.2a1.8 1.8 0 1 1 2.7 1.6c-.7.4-1 .8-1 1.5M8 11.7h.01",
} as const;

/** A small drawing that says nothing which is not said in words beside it. */
export function Icon({ name }: { name: keyof typeof PATHS }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
