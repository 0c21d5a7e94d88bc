import type { Bar, Timeline } from "./types";

/** A bar where it is drawn, as shares of the width. */
export interface Drawn {
  bar: Bar;
  left: number;
  width: number;
  /** Of its step, from its left end. */
  stepWidth: number;
  colour: number;
}

/** One slot: what it was to do, and below it what it did. */
export interface Lane {
  slot: string;
  predicted: Drawn[];
  happened: Drawn[];
}

/** A whole picture. */
export interface Picture {
  lanes: Lane[];
  experts: { name: string; colour: number; numCalls: number }[];
  ticks: { at: number; seconds: number }[];
  endS: number;
}

/** Colours that can be told apart; experts beyond them share the last. */
export const COLOURS = 8;
/** Bars thinner than this are drawn as one with their neighbours. */
const THIN = 1 / 500;
const TICKS_S = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
  14400, 21600, 43200, 86400,
];

/** Where everything of a timeline is drawn. */
export function pictured(timeline: Timeline): Picture {
  const all = [...timeline.predicted, ...timeline.happened];
  const endS = Math.max(0.001, timeline.lower_bound_s ?? 0, ...all.map((bar) => bar.ends_s));
  const experts = ranked(all, timeline.predicted.length ? timeline.predicted : timeline.happened);
  const colours = new Map(experts.map((one) => [one.name, one.colour]));
  const drawn = (bars: Bar[]) => condensed(bars, endS * THIN).map((bar) => placed(bar, endS, colours));
  const slots = [...new Set(all.map((bar) => bar.slot))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return {
    lanes: slots.map((slot) => ({
      slot,
      predicted: drawn(timeline.predicted.filter((bar) => bar.slot === slot)),
      happened: drawn(timeline.happened.filter((bar) => bar.slot === slot)),
    })),
    experts,
    ticks: ticks(endS),
    endS,
  };
}

function ranked(all: Bar[], counted: Bar[]): Picture["experts"] {
  const busy = new Map<string, number>();
  for (const bar of all) busy.set(bar.expert, (busy.get(bar.expert) ?? 0) + bar.ends_s - bar.begins_s);
  const names = [...busy.keys()].sort((a, b) => busy.get(b)! - busy.get(a)! || a.localeCompare(b));
  return names.map((name, place) => ({
    name,
    colour: Math.min(place, COLOURS - 1),
    numCalls: counted.filter((bar) => bar.expert === name).reduce((sum, bar) => sum + bar.num_calls, 0),
  }));
}

function placed(bar: Bar, endS: number, colours: Map<string, number>): Drawn {
  const beginsS = Math.max(0, bar.begins_s);
  const width = Math.max(0, bar.ends_s - beginsS) / endS;
  return {
    bar,
    left: beginsS / endS,
    width,
    stepWidth: Math.min(width, Math.max(0, bar.step_s) / endS),
    colour: colours.get(bar.expert) ?? COLOURS - 1,
  };
}

/** Neighbours that would all be too thin to be told apart, as one bar of the longest's expert. */
export function condensed(bars: Bar[], shortestS: number): Bar[] {
  const found: Bar[] = [];
  let bin = -1;
  for (const bar of [...bars].sort((a, b) => a.begins_s - b.begins_s)) {
    const own = bar.ends_s - bar.begins_s >= shortestS ? -1 : Math.floor(bar.begins_s / shortestS);
    const last = found[found.length - 1];
    if (last && own >= 0 && own === bin) found[found.length - 1] = merged(last, bar);
    else found.push(bar);
    bin = own;
  }
  return found;
}

function merged(a: Bar, b: Bar): Bar {
  const longest = b.ends_s - b.begins_s > a.ends_s - a.begins_s ? b : a;
  return {
    ...longest,
    num_calls: a.num_calls + b.num_calls,
    begins_s: a.begins_s,
    step: a.step ?? b.step,
    step_s: a.step_s + b.step_s,
    ends_s: Math.max(a.ends_s, b.ends_s),
  };
}

function ticks(endS: number): Picture["ticks"] {
  const apart = TICKS_S.find((one) => endS / one < 8) ?? 86400 * Math.ceil(endS / 8 / 86400);
  return Array.from({ length: Math.floor(endS / apart) + 1 }, (_, n) => ({ at: (n * apart) / endS, seconds: n * apart }));
}
