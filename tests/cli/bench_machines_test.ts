import { assertAlmostEquals, assertEquals } from "@std/assert";
import { predictSteps } from "../../cli/bench_machines.ts";

/** 8 shards of 10 ms each and an update of 5 ms; a megabyte to exchange. */
const TIMES = { shards: 8, step: 85, update: 5, bytes: 1e6 };

Deno.test("predicted steps divide the shards among machines and add the cost of the exchange", () => {
  const predictions = predictSteps(TIMES, (machines) => machines / 10);
  assertEquals(predictions.map(({ machines }) => machines), [1, 2, 4, 8]);
  assertEquals(predictions.map(({ computing }) => computing), [85, 45, 25, 15]);
  assertEquals(predictions.map(({ adding }) => adding), [0, 0.2, 0.4, 0.8]);
  const [alone, two, , eight] = predictions.map(({ step }) => step);
  assertEquals(new Set(Object.values(alone)), new Set([85]));
  // 1 MB at 1 Gbit/s, and 3 messages to one other.
  assertAlmostEquals(two["1 Gbit/s"], 45 + 0.2 + 8 + 0.15);
  assertAlmostEquals(eight["10 Gbit/s"], 15 + 0.8 + 1.4 + 1.05);
});

Deno.test("predictions cover the powers of two that divide the shards", () => {
  const machines = (shards: number) =>
    predictSteps({ ...TIMES, shards }, () => 0).map(({ machines }) => machines);
  assertEquals(machines(12), [1, 2, 4]);
  assertEquals(machines(128), [1, 2, 4, 8, 16, 32, 64]);
});
