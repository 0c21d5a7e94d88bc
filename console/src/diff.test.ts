import { expect, test } from "vitest";
import { compared, hunks } from "./diff";

const told = (old: string, now: string) => compared(old, now).map((line) => line.sign + line.text);

test("what is equal has no sign", () => {
  expect(told("a\nb\n", "a\nb\n")).toEqual([" a", " b"]);
});

test("a line that changed is taken away and added", () => {
  expect(told("a\nb\nc\n", "a\nx\nc\n")).toEqual([" a", "-b", "+x", " c"]);
});

test("nothing and something are compared too", () => {
  expect(told("", "a\n")).toEqual(["+a"]);
  expect(told("a\n", "")).toEqual(["-a"]);
  expect(told("", "")).toEqual([]);
});

test("signs taken one way make the one text, and the other way the other", () => {
  let seed = 7;
  const draw = (below: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  for (let round = 0; round < 300; round++) {
    const [old, now] = [0, 1].map(() => Array.from({ length: draw(12) }, () => "abc"[draw(3)]).join("\n"));
    const lines = compared(old!, now!);
    expect(lines.filter((line) => line.sign !== "+").map((line) => line.text).join("\n")).toBe(old);
    expect(lines.filter((line) => line.sign !== "-").map((line) => line.text).join("\n")).toBe(now);
  }
});

test("the shortest way is taken", () => {
  expect(told("a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc").filter((line) => line[0] !== " ")).toHaveLength(5);
});

test("lines far from any change are left out", () => {
  const old = Array.from({ length: 40 }, (_, n) => `${n}`);
  const now = [...old];
  now[5] = "x";
  now[30] = "y";
  expect(hunks(compared(old.join("\n"), now.join("\n"))).map((hunk) => hunk.length)).toEqual([8, 8]);
  expect(hunks(compared("a", "a"))).toEqual([]);
});

test("texts that have nothing in common are compared in time", () => {
  const old = Array.from({ length: 9000 }, (_, n) => `a${n}`).join("\n");
  const now = Array.from({ length: 9000 }, (_, n) => `b${n}`).join("\n");
  expect(compared(old, now)).toHaveLength(18000);
});
