import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ALONE } from "../../ranks/ranks.ts";
import { Aborted, memoryRanks, onRanks } from "../support/memory_ranks.ts";

Deno.test("gather returns every rank's bytes in order, of any length", async () => {
  const bytesOf = (rank: number) => new Uint8Array((rank * 5) % 7).fill(rank);
  const gathered = await onRanks(4, (ranks) => ranks.gather(bytesOf(ranks.rank)));
  for (const all of gathered) assertEquals(all, [0, 1, 2, 3].map(bytesOf));
});

Deno.test("broadcast returns rank 0's bytes, whatever the others pass", async () => {
  const bytes = Uint8Array.of(3, 1, 4, 1, 5);
  const received = await onRanks(
    3,
    ({ rank, broadcast }) => broadcast(rank === 0 ? bytes : new Uint8Array(rank)),
  );
  for (const each of received) assertEquals(each, bytes);
});

Deno.test("a single rank exchanges with itself", async () => {
  const data = Float32Array.of(1, 2), bytes = Uint8Array.of(7);
  await ALONE.sum(data);
  assertEquals([...data], [1, 2]);
  assertStrictEquals(await ALONE.broadcast(bytes), bytes);
  assertEquals(await ALONE.gather(bytes), [bytes]);
});

Deno.test("an abort ends pending exchanges of the others", async () => {
  const [first, second] = memoryRanks(2);
  const waiting = first.sum(new Float32Array(3));
  try {
    second.abort(7);
  } catch { /* It never returns. */ }
  await assertRejects(() => waiting, Aborted, "7");
  await assertRejects(() => first.gather(new Uint8Array(1)), Aborted, "7");
});

Deno.test("concurrent exchanges throw", async () => {
  const [first, second] = memoryRanks(2);
  const waiting = first.sum(new Float32Array(3));
  await assertRejects(() => first.gather(new Uint8Array(1)), Error, "during another");
  await second.sum(new Float32Array(3));
  await waiting;
});
