import { expect, test } from "vitest";
import { heard, NOTHING } from "./conversation";

const event = (data: unknown, name = "message") => ({ name, data: JSON.stringify(data), comment: "" });
const stage = (state: string, more = {}) =>
  event({ orchestrator: { stage: "samples", path: ["samples"], state, num_done: 0, num_calls: 3, models: [], ...more } }, "orchestrator.stage");

test("words are joined, and the first one's time is kept", () => {
  let answer = heard(NOTHING, event({ choices: [{ delta: { content: "Hel" } }] }), 12);
  answer = heard(answer, event({ choices: [{ delta: { content: "lo" } }] }), 20);
  expect(answer).toMatchObject({ text: "Hello", firstMs: 12 });
});

test("a stage moves on, and one of the same name that begins later is another", () => {
  let answer = heard(NOTHING, stage("started"), 1);
  answer = heard(answer, stage("running", { num_done: 2 }), 2);
  answer = heard(answer, stage("done", { num_done: 3 }), 3);
  answer = heard(answer, stage("started"), 4);
  expect(answer.stages.map((one) => [one.state, one.num_done])).toEqual([["done", 3], ["started", 0]]);
});

test("a wait is told until it is over", () => {
  const waiting = heard(NOTHING, { name: "message", data: "", comment: "waiting position=3 expected_s=4.200 waited_s=1.250" }, 1);
  expect(waiting.waiting).toEqual({ position: 3, expectedS: 4.2, waitedS: 1.25 });
  expect(heard(waiting, { name: "message", data: "", comment: "waiting position=0 waited_s=2" }, 1).waiting).toBeNull();
});

test("an error in the stream is the service's sentence", () => {
  const answer = heard(NOTHING, event({ error: { message: "engine 'e' died", code: "engine_dead" } }), 1);
  expect(answer.fault?.message).toBe("engine 'e' died");
});

test("who answers instead takes the place of whom the head named", () => {
  const answer = heard({ ...NOTHING, head: { expert: "math" } }, { name: "message", data: "", comment: "instead expert=law failed math=engine_dead" }, 1);
  expect(answer.head.expert).toBe("law");
});
