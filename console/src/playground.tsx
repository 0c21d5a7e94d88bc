import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, posting } from "./api";
import { type Answer, answered, asCurl, type Asked, NOTHING, type Turn } from "./conversation";
import { Decision } from "./decision";
import { duration } from "./format";
import { Stages } from "./stages";
import type { Model, RouteDecision } from "./types";
import { Empty, FaultBox, Icon } from "./widgets";

interface Settings {
  model: string;
  system: string;
  temperature: string;
  maxTokens: string;
}

/** A conversation, and beside it who answered and why. */
export function Playground({ onKey, turn }: { onKey: () => void; turn: number }): JSX.Element {
  const [models, setModels] = useState<Model[]>([]);
  const [settings, setSettings] = useState<Settings>({ model: "auto", system: "", temperature: "", maxTokens: "" });
  const [turns, setTurns] = useState<Turn[]>([]);
  const [prompt, setPrompt] = useState("");
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [route, setRoute] = useState<RouteDecision | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const running = useRef<AbortController | null>(null);
  const isRunning = running.current !== null;

  useEffect(() => {
    ask<{ data: Model[] }>("v1/models").then(
      ({ data }) => {
        const able = data.filter((one) => one.task === "generate");
        setModels(able);
        setFault(null);
        setSettings((known) => (able.some((one) => one.id === known.model) ? known : { ...known, model: able[0]?.id ?? "" }));
      },
      setFault,
    );
    return () => running.current?.abort();
  }, [turn]);

  const bodyOf = (messages: Turn[]): Asked => ({
    model: settings.model,
    messages: settings.system.trim() ? [{ role: "system", content: settings.system }, ...messages] : messages,
    ...(settings.temperature === "" ? {} : { temperature: Number(settings.temperature) }),
    ...(settings.maxTokens === "" ? {} : { max_tokens: Number(settings.maxTokens) }),
  });
  const explain = async (body: Asked, told: (fault: unknown) => void, signal?: AbortSignal): Promise<void> => {
    setRoute(null);
    await ask<RouteDecision>("v1/route", posting(body, signal)).then(setRoute, told);
  };
  const explainOnly = (): void => {
    setFault(null);
    setAnswer(null);
    void explain(bodyOf([...turns, { role: "user", content: prompt }]), setFault);
  };
  const submit = async (): Promise<void> => {
    if (!prompt.trim() || running.current) return;
    const messages: Turn[] = [...turns, { role: "user", content: prompt }];
    const body = bodyOf(messages);
    const here = (running.current = new AbortController());
    let last = NOTHING;
    setTurns(messages);
    setPrompt("");
    setFault(null);
    setAsked(body);
    setAnswer(last);
    // Whatever is wrong with the request is told by its answer.
    void explain(body, () => undefined, here.signal);
    try {
      await answered(body, (now) => setAnswer((last = now)), here.signal);
    } catch (failure) {
      if (here.signal.aborted) last = { ...last, notes: [...last.notes, "Stopped"] };
      else setFault(failure);
    }
    if (running.current !== here) return; // the conversation was given up
    running.current = null;
    const isEmpty = !last.text && last.isDone && !last.fault;
    setAnswer({ ...last, isDone: true, notes: isEmpty ? [...last.notes, "The answer is empty"] : last.notes });
    if (last.text) setTurns([...messages, { role: "assistant", content: last.text }]);
    else if (!isEmpty) {
      setTurns(turns);
      setPrompt(prompt);
    }
  };
  const clear = (): void => {
    const given = running.current;
    running.current = null;
    given?.abort();
    setTurns([]);
    setAnswer(null);
    setRoute(null);
    setAsked(null);
    setFault(null);
  };
  const shown = isRunning || !answer?.text ? turns : turns.slice(0, -1);
  return (
    <>
      <section class="talk" aria-label="Conversation">
        <Controls settings={settings} models={models} set={setSettings} onClear={turns.length ? clear : null} />
        <div class="turns" aria-live="polite" tabIndex={0} aria-label="Turns">
          {!turns.length && (
            <Empty title="Ask, and see who answers">
              <p>
                <code>auto</code> sends each prompt to the expert that knows its topic. Name a composition to watch its
                stages, or an expert to ask it directly.
              </p>
            </Empty>
          )}
          {shown.map((one, place) => (
            <TurnBox key={place} turn={one} />
          ))}
          {answer && (answer.text || answer.notes.length > 0 || isRunning) && <Reply answer={answer} isRunning={isRunning} />}
          <FaultBox fault={fault ?? answer?.fault} onKey={onKey} />
        </div>
        <Composer prompt={prompt} set={setPrompt} isRunning={isRunning} onSend={() => void submit()} onStop={() => running.current?.abort()} onExplain={explainOnly} />
      </section>
      <aside class="why" aria-label="Why this answer">
        {answer && <Stages answer={answer} isRunning={isRunning} />}
        <Decision route={route} answer={answer} />
        {asked && (
          <details class="card">
            <summary>As a command</summary>
            <pre tabIndex={0}>{asCurl(asked)}</pre>
          </details>
        )}
      </aside>
    </>
  );
}

function Controls(props: { settings: Settings; models: Model[]; set: (to: Settings) => void; onClear: (() => void) | null }): JSX.Element {
  const { settings, models, set } = props;
  const options = (kind: Model["kind"]) =>
    models.filter((one) => one.kind === kind).map((one) => <option key={one.id} value={one.id}>{one.id}</option>);
  return (
    <div class="controls">
      <label>
        <span>Model</span>
        <select value={settings.model} onChange={(event) => set({ ...settings, model: event.currentTarget.value })}>
          <optgroup label="Compositions">{options("composition")}</optgroup>
          <optgroup label="Experts">{options("expert")}</optgroup>
        </select>
      </label>
      <details class="more">
        <summary>Parameters</summary>
        <div>
          <label>
            <span>System prompt</span>
            <textarea rows={2} value={settings.system} onInput={(event) => set({ ...settings, system: event.currentTarget.value })} />
          </label>
          <label>
            <span>Temperature</span>
            <input type="number" min="0" max="2" step="0.1" placeholder="default" value={settings.temperature} onInput={(event) => set({ ...settings, temperature: event.currentTarget.value })} />
          </label>
          <label>
            <span>Most tokens</span>
            <input type="number" min="1" placeholder="default" value={settings.maxTokens} onInput={(event) => set({ ...settings, maxTokens: event.currentTarget.value })} />
          </label>
        </div>
      </details>
      {props.onClear && (
        <button type="button" class="quiet" title="New conversation" onClick={props.onClear}>
          New
        </button>
      )}
    </div>
  );
}

function TurnBox({ turn }: { turn: Turn }): JSX.Element {
  return (
    <article class={`turn ${turn.role}`}>
      <h3>{turn.role === "user" ? "You" : "Answer"}</h3>
      <p>{turn.content}</p>
    </article>
  );
}

function Reply({ answer, isRunning }: { answer: Answer; isRunning: boolean }): JSX.Element {
  const author = answer.details?.expert ?? answer.head.expert;
  return (
    <article class={`turn assistant ${isRunning ? "running" : ""}`}>
      <h3>{author ?? "Answer"}</h3>
      {answer.reasoning && (
        <details>
          <summary>Reasoning</summary>
          <p class="muted">{answer.reasoning}</p>
        </details>
      )}
      {answer.waiting && (
        <p class="muted" role="status">
          Waiting for its turn: place {answer.waiting.position}
          {answer.waiting.expectedS !== null && `, about ${duration(answer.waiting.expectedS)}`}
        </p>
      )}
      <p class="text">{answer.text}</p>
      {answer.notes.map((note) => (
        <p key={note} class="note">{note}</p>
      ))}
    </article>
  );
}

interface ComposerProps {
  prompt: string;
  set: (to: string) => void;
  isRunning: boolean;
  onSend: () => void;
  onStop: () => void;
  onExplain: () => void;
}

function Composer(props: ComposerProps): JSX.Element {
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      props.onSend();
    } else if (event.key === "Escape") {
      if (props.isRunning) props.onStop();
      else (event.target as HTMLElement).blur();
    }
  };
  const sent = (event: Event): void => {
    event.preventDefault();
    props.onSend();
  };
  return (
    <form class="composer" onSubmit={sent}>
      <textarea id="prompt" aria-label="Prompt" rows={3} placeholder="Write a prompt" value={props.prompt} onInput={(event) => props.set(event.currentTarget.value)} onKeyDown={pressed} />
      <div>
        <span class="muted wide-only">
          <kbd>Ctrl</kbd> <kbd>Enter</kbd> sends, <kbd>/</kbd> writes
        </span>
        <button type="button" disabled={!props.prompt.trim() || props.isRunning} onClick={props.onExplain} title="Who would answer; nothing is generated">
          Explain only
        </button>
        {props.isRunning ? (
          <button type="button" class="primary" onClick={props.onStop}>
            <Icon name="close" /> Stop
          </button>
        ) : (
          <button type="submit" class="primary" disabled={!props.prompt.trim()}>
            Send
          </button>
        )}
      </div>
    </form>
  );
}
