import { expect, test } from "vitest";
import { pieces } from "./yaml";

const kinds = (line: string) => pieces(line).filter((one) => one.kind).map((one) => [one.kind, one.text]);

test("keys, values and comments are told apart", () => {
  expect(kinds('  - {id: math, count: 2} # "two"')).toEqual([
    ["mark", "  -"], ["mark", "{"], ["key", "id"], ["mark", ","], ["key", "count"], ["number", "2"], ["mark", "}"],
    ["comment", '# "two"'],
  ]);
});

test("a hash within a text is no comment", () => {
  expect(kinds('says: "a # b"')).toEqual([["key", "says"], ["string", '"a # b"']]);
});

test("no letter of a line is lost", () => {
  for (const line of ["", "a: b#c", "- 'it''s': [1, -2.5e3]", '"open', "   ", "url: http://x:80/y"]) {
    expect(pieces(line).map((one) => one.text).join("")).toBe(line);
  }
});
