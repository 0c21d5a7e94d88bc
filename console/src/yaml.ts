/** A piece of a line of YAML and what it is. */
export interface Piece {
  kind: "" | "comment" | "key" | "string" | "number" | "mark";
  text: string;
}

const PATTERN =
  /(?<comment>(?:^|(?<=\s))#.*)|(?<key>[\w./-]+(?=:(?:\s|$)))|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(?<number>\b(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null)\b)|(?<mark>[{}[\],]|^\s*-(?=\s))/g;

/** A line in pieces that are drawn alike; joined they are the line. */
export function pieces(line: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const match of line.matchAll(PATTERN)) {
    if (match.index > at) found.push({ kind: "", text: line.slice(at, match.index) });
    const kind = Object.entries(match.groups!).find(([, text]) => text !== undefined)![0] as Piece["kind"];
    found.push({ kind, text: match[0] });
    at = match.index + match[0].length;
  }
  if (at < line.length) found.push({ kind: "", text: line.slice(at) });
  return found;
}
