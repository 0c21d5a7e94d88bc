import { expect, test } from "vitest";
import { EventReader, wordsOf } from "./sse";

const STREAM = ': waiting position=2\n\nevent: orchestrator.stage\ndata: {"a":1}\n\ndata: one\ndata: two\n\n';

test("events are the same however the stream is cut", () => {
  const whole = [...new EventReader().feed(STREAM)];
  for (let size = 1; size < STREAM.length; size++) {
    const reader = new EventReader();
    const found = [];
    for (let at = 0; at < STREAM.length; at += size) found.push(...reader.feed(STREAM.slice(at, at + size)));
    expect(found).toEqual(whole);
  }
  expect(whole.map((told) => [told.name, told.data, told.comment])).toEqual([
    ["message", "", "waiting position=2"],
    ["orchestrator.stage", '{"a":1}', ""],
    ["message", "one\ntwo", ""],
  ]);
});

test("an event that has not ended is not told", () => {
  expect([...new EventReader().feed("data: half")]).toEqual([]);
});

test("lines that end in CR LF are lines", () => {
  const reader = new EventReader();
  expect([...reader.feed("data: x\r"), ...reader.feed("\n\r"), ...reader.feed("\n")]).toHaveLength(1);
});

test("a comment is read by its words", () => {
  expect(wordsOf("waiting position=3 expected_s=4.2")).toEqual({
    what: "waiting",
    values: { position: "3", expected_s: "4.2" },
  });
});
