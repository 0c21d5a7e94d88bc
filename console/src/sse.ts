/** One server-sent event; a comment has no data. */
export interface Told {
  name: string;
  data: string;
  comment: string;
}

/** Reads server-sent events however their bytes are cut. */
export class EventReader {
  private rest = "";

  /** The events and comments that `piece` completes. */
  *feed(piece: string): Generator<Told> {
    // A stream cut between the two letters of a line's end would else end the line twice.
    const text = this.rest + piece;
    const held = text.endsWith("\r") ? "\r" : "";
    const parts = text.slice(0, text.length - held.length).replace(/\r\n?/g, "\n").split("\n\n");
    this.rest = (parts.pop() ?? "") + held;
    for (const part of parts) {
      const told = readEvent(part);
      if (told) yield told;
    }
  }
}

function readEvent(part: string): Told | null {
  const told: Told = { name: "message", data: "", comment: "" };
  const data: string[] = [];
  for (const line of part.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const field = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") told.name = value;
    else if (field === "") told.comment = value;
  }
  told.data = data.join("\n");
  return told.data || told.comment ? told : null;
}

/** The words of a comment such as `waiting position=3 expected_s=4.2`. */
export function wordsOf(comment: string): { what: string; values: Record<string, string> } {
  const [what = "", ...rest] = comment.split(" ");
  const pairs = rest.map((word) => word.split("=", 2) as [string, string | undefined]);
  return { what, values: Object.fromEntries(pairs.map(([name, value]) => [name, value ?? ""])) };
}
