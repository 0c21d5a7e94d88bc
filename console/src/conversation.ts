import { keyOf, posting, refused, type Refusal, send } from "./api";
import { EventReader, type Told, wordsOf } from "./sse";
import type { Details, StageTold } from "./types";

/** One turn of a conversation. */
export interface Turn {
  role: "system" | "user" | "assistant";
  content: string;
}

/** What is asked. */
export interface Asked {
  model: string;
  messages: Turn[];
  temperature?: number;
  max_tokens?: number;
}

/** What is known of an answer so far. */
export interface Answer {
  text: string;
  reasoning: string;
  stages: StageTold[];
  waiting: { position: number; expectedS: number | null; waitedS: number } | null;
  notes: string[];
  head: Record<string, string>;
  details: Details | null;
  usage: { prompt_tokens: number; completion_tokens: number } | null;
  firstMs: number | null;
  tookMs: number;
  fault: Refusal | null;
  isDone: boolean;
}

/** An answer of which nothing was heard. */
export const NOTHING: Answer = {
  text: "", reasoning: "", stages: [], waiting: null, notes: [], head: {}, details: null, usage: null,
  firstMs: null, tookMs: 0, fault: null, isDone: false,
};

/** Headers that say what happened to a request. */
const HEADERS = ["request-id", "expert", "router", "fallback", "recalled", "generation", "overhead-ms", "waited-s", "cache", "failed", "reached"];

/** Ask for an answer and tell of it whenever more is known. */
export async function answered(asked: Asked, tell: (answer: Answer) => void, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  const request = posting({ ...asked, stream: true, stream_options: { include_usage: true } }, signal);
  const headers = { ...(request.headers as Record<string, string>), "x-orchestrator-details": "true" };
  const reply = await send("v1/chat/completions", { ...request, headers });
  let answer: Answer = { ...NOTHING, head: headOf(reply.headers) };
  const reader = new EventReader();
  const decoder = new TextDecoder();
  const bytes = reply.body!.getReader();
  for (;;) {
    const { done, value } = await bytes.read();
    const tookMs = performance.now() - began;
    for (const told of reader.feed(done ? decoder.decode() : decoder.decode(value, { stream: true }))) {
      answer = heard(answer, told, tookMs);
    }
    answer = { ...answer, tookMs, isDone: done };
    tell(answer);
    if (done) return;
  }
}

function headOf(headers: Headers): Record<string, string> {
  const found = HEADERS.map((name) => [name, headers.get(`x-orchestrator-${name}`)] as const);
  return Object.fromEntries(found.filter((pair): pair is [string, string] => pair[1] !== null));
}

/** What is known after one more event. */
export function heard(answer: Answer, told: Told, tookMs: number): Answer {
  if (told.comment) return commented(answer, told.comment);
  if (told.data === "[DONE]") return { ...answer, isDone: true };
  const data = JSON.parse(told.data);
  if (data.error) return { ...answer, fault: refused(data, 200) };
  if (told.name === "orchestrator.stage") return { ...answer, stages: staged(answer.stages, data.orchestrator) };
  if (data.orchestrator) answer = { ...answer, details: data.orchestrator };
  if (data.usage) answer = { ...answer, usage: data.usage };
  const delta = data.choices?.[0]?.delta ?? {};
  if (!delta.content && !delta.reasoning) return answer;
  return {
    ...answer,
    waiting: null,
    text: answer.text + (delta.content ?? ""),
    reasoning: answer.reasoning + (delta.reasoning ?? ""),
    firstMs: answer.firstMs ?? tookMs,
  };
}

function staged(known: StageTold[], told: StageTold): StageTold[] {
  const at = known.findIndex((one) => one.state !== "done" && one.path.join("/") === told.path.join("/"));
  return at < 0 ? [...known, told] : known.map((one, place) => (place === at ? told : one));
}

function commented(answer: Answer, comment: string): Answer {
  const { what, values } = wordsOf(comment);
  if (what === "waiting") {
    const position = Number(values.position);
    const expectedS = values.expected_s === undefined ? null : Number(values.expected_s);
    const waiting = position === 0 ? null : { position, expectedS, waitedS: Number(values.waited_s ?? 0) };
    return { ...answer, waiting };
  }
  if (what === "instead" && values.expert) {
    const note = `${values.expert} answers in the place of another that failed`;
    return { ...answer, notes: [...answer.notes, note], head: { ...answer.head, expert: values.expert } };
  }
  if (what === "reached") return { ...answer, notes: [...answer.notes, `Caps were reached: ${comment.slice(8)}`] };
  return answer;
}

/** The same request for a terminal; the key is named, not written. */
export function asCurl(asked: Asked): string {
  const auth = keyOf() ? ` \\\n  -H "authorization: Bearer $ORCHESTRATOR_API_KEY"` : "";
  const body = JSON.stringify({ ...asked, stream: true }).replace(/'/g, "'\\''");
  const url = new URL("../v1/chat/completions", document.baseURI);
  return `curl -N ${url} -H 'content-type: application/json'${auth} \\\n  -d '${body}'`;
}
