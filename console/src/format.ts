/** Seconds as people say them: `0.25 s`, `42 s`, `3 min 20 s`, `2 h 05 min`. */
export function duration(seconds: number): string {
  if (seconds === 0) return "0 s";
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${Number(seconds.toFixed(2))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${two(whole % 60)} s` : ""}`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** A share as a percentage. */
export const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** A count with its noun. */
export const counted = (number: number, noun: string): string =>
  `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** Gibibytes, as short as they can be read. */
export const gib = (value: number): string => (value < 1 ? `${Math.round(value * 1024)} MiB` : `${Number(value.toFixed(1))} GiB`);

/** A price in dollars that may be tiny. */
export const usd = (value: number): string => (value === 0 ? "$0" : `$${Number(value.toPrecision(3))}`);

/** How long ago a moment was. */
export const ago = (unixS: number, nowMs: number): string => `${duration(Math.max(0, Math.round(nowMs / 1000 - unixS)))} ago`;

function two(number: number): string {
  return String(number).padStart(2, "0");
}
