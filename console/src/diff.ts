/** One line of a comparison; numbers count from 1, of the text that has the line. */
export interface DiffLine {
  sign: " " | "+" | "-";
  text: string;
  old: number | null;
  now: number | null;
}

/** Lines that are told around a change. */
const CONTEXT = 3;
/** Edits beyond which lines are no longer matched: a text that is another one altogether. */
const MAX_EDITS = 800;

/** What `now` says otherwise than `old`, line by line (Myers' shortest edit script). */
export function compared(old: string, now: string): DiffLine[] {
  const a = linesOf(old);
  const b = linesOf(now);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const signs = [
    ...Array<DiffLine["sign"]>(start).fill(" "),
    ...script(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...Array<DiffLine["sign"]>(end).fill(" "),
  ];
  let i = 0;
  let j = 0;
  return signs.map((sign) => {
    const text = sign === "+" ? b[j]! : a[i]!;
    if (sign !== "+") i++;
    if (sign !== "-") j++;
    return { sign, text, old: sign === "+" ? null : i, now: sign === "-" ? null : j };
  });
}

/** Changes with the lines around them; what lies between is left out. */
export function hunks(lines: DiffLine[]): DiffLine[][] {
  const near = new Set<number>();
  lines.forEach((line, place) => {
    if (line.sign === " ") return;
    for (let at = place - CONTEXT; at <= place + CONTEXT; at++) near.add(at);
  });
  const found: DiffLine[][] = [];
  lines.forEach((line, place) => {
    if (!near.has(place)) return;
    if (near.has(place - 1) && found.length) found[found.length - 1]!.push(line);
    else found.push([line]);
  });
  return found;
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  return lines;
}

function script(a: string[], b: string[]): DiffLine["sign"][] {
  const trace: Map<number, number>[] = [];
  const reach = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, MAX_EDITS); d++) {
    trace.push(new Map(reach));
    for (let k = -d; k <= d; k += 2) {
      let x = isDown(reach, k, d) ? reach.get(k + 1)! : reach.get(k - 1)! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkedBack(trace, a.length, b.length);
    }
  }
  return [...a.map((): "-" => "-"), ...b.map((): "+" => "+")];
}

function isDown(reach: Map<number, number>, k: number, d: number): boolean {
  return k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
}

function walkedBack(trace: Map<number, number>[], x: number, y: number): DiffLine["sign"][] {
  const signs: DiffLine["sign"][] = [];
  for (let d = trace.length - 1; d >= 0; d--) {
    const reach = trace[d]!;
    const k = x - y;
    const before = isDown(reach, k, d) ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : reach.get(before)!;
    const fromY = d === 0 ? 0 : fromX - before;
    while (x > fromX && y > fromY) {
      signs.push(" ");
      x--;
      y--;
    }
    if (d > 0) signs.push(x === fromX ? "+" : "-");
    x = fromX;
    y = fromY;
  }
  return signs.reverse();
}
