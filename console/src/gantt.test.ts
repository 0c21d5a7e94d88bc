import { expect, test } from "vitest";
import { condensed, pictured } from "./gantt";
import type { Bar } from "./types";

const bar = (more: Partial<Bar>): Bar => ({
  slot: "local", expert: "math", stage: 0, num_calls: 1, begins_s: 0, step: null, step_s: 0, ends_s: 1, ...more,
});

test("slots stand as people count them, and bars by their share of the time", () => {
  const predicted = [
    bar({ slot: "gpu-10", ends_s: 4 }),
    bar({ slot: "gpu-2", expert: "law", begins_s: 1, ends_s: 2, step: "swap", step_s: 0.5 }),
  ];
  const picture = pictured({ id: "b", predicted, happened: [], lower_bound_s: 3 });
  expect(picture.lanes.map((lane) => lane.slot)).toEqual(["gpu-2", "gpu-10"]);
  expect(picture.lanes[0]!.predicted[0]).toMatchObject({ left: 0.25, width: 0.25, stepWidth: 0.125, colour: 1 });
  expect(picture.endS).toBe(4);
});

test("experts are ranked by how long slots work on them", () => {
  const happened = [bar({ expert: "a", ends_s: 1 }), bar({ expert: "b", begins_s: 1, ends_s: 4 })];
  const picture = pictured({ id: "b", predicted: [], happened, lower_bound_s: null });
  expect(picture.experts.map((one) => one.name)).toEqual(["b", "a"]);
});

test("marks are at round figures, fewer than nine of them", () => {
  for (const ends_s of [0.004, 0.9, 7, 61, 3700, 900000]) {
    const { ticks } = pictured({ id: "b", predicted: [bar({ ends_s })], happened: [], lower_bound_s: null });
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThan(9);
    expect(ticks[ticks.length - 1]!.at).toBeLessThanOrEqual(1);
  }
});

test("nothing at all is a picture too", () => {
  expect(pictured({ id: "b", predicted: [], happened: [], lower_bound_s: null }).lanes).toEqual([]);
});

test("a thousand thin bars are few, and no call of them is lost", () => {
  const bars = Array.from({ length: 5000 }, (_, n) => bar({ begins_s: n / 1000, ends_s: (n + 1) / 1000 }));
  const few = condensed(bars, 0.01);
  expect(few.length).toBeLessThanOrEqual(501);
  expect(few.reduce((sum, one) => sum + one.num_calls, 0)).toBe(5000);
});
