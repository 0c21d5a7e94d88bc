import { useEffect, useRef, useState } from "preact/hooks";

/** What is known of something that changes. */
export interface Live<T> {
  value: T | null;
  /** Why the last look failed; `null` where it did not. */
  fault: unknown;
  /** When it was seen last, by the clock of the page, ms. */
  heardMs: number | null;
  isPaused: boolean;
  /** Look at once. */
  refresh: () => void;
}

/** Between the end of a look and the next, ms: what changes is seen within a second. */
export const PERIOD_MS = 500;
/** Nothing was heard for so long: what is shown may be wrong, ms. */
export const STALE_MS = 2500;
const MAX_PAUSE_MS = 8000;

/** Look again and again while the page is seen; after a failure less and less often. */
export function useLive<T>(look: ((signal: AbortSignal) => Promise<T>) | null, name: string): Live<T> {
  const [state, setState] = useState<Omit<Live<T>, "refresh">>(UNKNOWN);
  const [turn, setTurn] = useState(0);
  const latest = useRef(look);
  latest.current = look;
  useEffect(() => setState(UNKNOWN), [name]);
  useEffect(() => {
    if (!latest.current) return;
    const ended = new AbortController();
    let timer = 0;
    let numFailed = 0;
    const again = async (): Promise<void> => {
      let pauseMs = PERIOD_MS;
      try {
        const value = await latest.current!(AbortSignal.any([ended.signal, AbortSignal.timeout(10_000)]));
        if (ended.signal.aborted) return;
        numFailed = 0;
        setState({ value, fault: null, heardMs: Date.now(), isPaused: false });
      } catch (fault) {
        if (ended.signal.aborted) return;
        pauseMs = Math.min(MAX_PAUSE_MS, PERIOD_MS * 2 ** ++numFailed);
        setState((known) => ({ ...known, fault }));
      }
      timer = window.setTimeout(() => void again(), pauseMs);
    };
    const seen = (): void => {
      window.clearTimeout(timer);
      if (document.hidden) {
        ended.abort();
        setState((known) => ({ ...known, isPaused: true }));
      } else setTurn((number) => number + 1);
    };
    document.addEventListener("visibilitychange", seen);
    window.addEventListener("online", seen);
    if (!document.hidden) void again();
    return () => {
      ended.abort();
      window.clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      window.removeEventListener("online", seen);
    };
  }, [name, turn, look === null]);
  return { ...state, refresh: () => setTurn((number) => number + 1) };
}

const UNKNOWN = { value: null, fault: null, heardMs: null, isPaused: false };

/** The time, anew every so many ms. */
export function useNow(everyMs: number): number {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNowMs(Date.now()), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}
