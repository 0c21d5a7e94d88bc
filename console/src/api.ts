import type { Fault } from "./types";

/** What the service refused, in its own sentence. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    readonly faults: Fault[] = [],
  ) {
    super(message);
  }

  /** Whether another key may be let in. */
  get isAboutKey(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

const KEY = "orchestrator-key";

/** The key that this tab sends; it is forgotten with the tab and never in an address. */
export function keyOf(): string {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return held;
  }
}

let held = "";

/** Send this key from now on; an empty one sends none. */
export function keep(key: string): void {
  held = key.trim();
  try {
    if (held) sessionStorage.setItem(KEY, held);
    else sessionStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing: the key lasts until the page is left.
  }
}

/** Ask the endpoint; whatever is no 2xx is a `Refusal`. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (keyOf()) headers.set("authorization", `Bearer ${keyOf()}`);
  let reply: Response;
  try {
    reply = await fetch(new URL(`../${path}`, document.baseURI), { ...init, headers, cache: "no-store", credentials: "omit" });
  } catch (fault) {
    if ((fault as Error).name === "AbortError") throw fault;
    throw new Refusal("The service does not answer. Is it running, and is this machine still connected?", 0, "unreachable");
  }
  if (!reply.ok) throw await refusalOf(reply);
  return reply;
}

/** The JSON that the endpoint answers. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  return (await (await send(path, init)).json()) as T;
}

/** A request with a JSON body. */
export function posting(body: unknown, signal?: AbortSignal): RequestInit {
  return { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" }, signal: signal ?? null };
}

/** What an envelope says. */
export function refused(envelope: unknown, status: number): Refusal {
  const { error } = envelope as { error: { message: string; code: string | null; faults?: Fault[] } };
  return new Refusal(error.message, status, error.code ?? "", error.faults ?? []);
}

async function refusalOf(reply: Response): Promise<Refusal> {
  const text = await reply.text();
  try {
    return refused(JSON.parse(text), reply.status);
  } catch {
    return new Refusal(`The service answered ${reply.status}: ${text.slice(0, 200) || "without a word"}`, reply.status, "");
  }
}

/** A sentence for people, whatever went wrong. */
export function sentence(fault: unknown): string {
  const said = fault instanceof Error ? fault.message : String(fault);
  return said.charAt(0).toUpperCase() + said.slice(1) + (/[.!?…]$/.test(said) ? "" : ".");
}
