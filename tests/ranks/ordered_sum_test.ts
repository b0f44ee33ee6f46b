import { assertEquals } from "@std/assert";
import { additions } from "../../ranks/ordered_sum.ts";
import { onRanks } from "../support/memory_ranks.ts";

/** Numbers whose sum depends on the order in which they are added. */
function leaf(index: number, length: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length },
    (_, i) => Math.sin(1 + index * 12.9898 + i * 78.233) * 10 ** ((index * 7 + i) % 9),
  );
}

/** The sum of leaves in the order of `additions`, each rounded to float32. */
function total(leaves: readonly Float32Array[], of: number = leaves.length): Float32Array {
  const sums = leaves.map((leaf) => Float32Array.from(leaf));
  for (const { into, from } of additions(of, leaves.length)) {
    sums[into] = sums[into].map((x, i) => Math.fround(x + sums[from][i]));
  }
  return sums[0];
}

/** The sums on ranks that each first add their share of the leaves. */
function sumOnRanks(size: number, count: number, present: number, length: number) {
  const share = count / size;
  return onRanks(size, async (ranks) => {
    const first = ranks.rank * share, own = Math.max(0, Math.min(share, present - first));
    const data = own === 0 ? new Float32Array(length).fill(NaN) : Float32Array.from(
      total(Array.from({ length: own }, (_, i) => leaf(first + i, length)), share),
    );
    await ranks.sum(data, Math.ceil(present / share));
    return data;
  });
}

Deno.test("leaves are added by halves while their number is even, else one by one", () => {
  const pairs = (leaves: number, present?: number) =>
    additions(leaves, present).map(({ into, from, after }) => [into, from, after]);
  assertEquals(pairs(1), []);
  assertEquals(pairs(4), [[0, 1, 1], [2, 3, 3], [0, 2, 3]]);
  assertEquals(pairs(3), [[0, 1, 1], [0, 2, 2]]);
  assertEquals(pairs(6), [[0, 1, 1], [0, 2, 2], [3, 4, 4], [3, 5, 5], [0, 3, 5]]);
  assertEquals(pairs(8, 5), [[0, 1, 1], [2, 3, 3], [0, 2, 3], [0, 4, 4]]);
  assertEquals(pairs(8, 1), []);
});

Deno.test("every present leaf except the first is added once, after its own additions", () => {
  for (let leaves = 1; leaves <= 24; leaves++) {
    for (let present = 1; present <= leaves; present++) {
      const order = additions(leaves, present), added = new Set<number>();
      for (const { into, from } of order) {
        assertEquals(into < from && !added.has(into) && !added.has(from), true);
        added.add(from);
      }
      assertEquals(added.size, present - 1);
      assertEquals(
        order.map(({ after }) => after),
        order.map(({ after }) => after).toSorted((a, b) => a - b),
      );
    }
  }
});

Deno.test("1, 2, 4 and 8 ranks give the bits of a single rank, for any number of leaves", async () => {
  for (const [count, length] of [[8, 1], [8, 7], [8, 1000], [24, 65]]) {
    for (let present = 1; present <= count; present++) {
      const expected = total(Array.from({ length: present }, (_, i) => leaf(i, length)), count);
      for (const size of [1, 2, 4, 8]) {
        for (const sum of await sumOnRanks(size, count, present, length)) {
          assertEquals(sum, expected, `${present} of ${count} leaves on ${size} ranks`);
        }
      }
    }
  }
});

Deno.test("any number of ranks gives the same bits on all, adding in order of rank", async () => {
  for (const size of [3, 5, 6, 7]) {
    const expected = total(Array.from({ length: size }, (_, i) => leaf(i, 10)));
    for (const sum of await sumOnRanks(size, size, size, 10)) assertEquals(sum, expected);
  }
});

Deno.test("arrays of several blocks in a larger buffer are summed in place", async () => {
  const length = 2 ** 20 + 12345;
  const expected = total([leaf(0, length), leaf(1, length)]);
  const sums = await onRanks(2, async (ranks) => {
    const memory = new Float32Array(new SharedArrayBuffer(4 * (length + 9))).fill(1);
    const data = memory.subarray(5, 5 + length);
    data.set(leaf(ranks.rank, length));
    await ranks.sum(data);
    assertEquals([...memory.subarray(0, 5), ...memory.subarray(5 + length)], Array(9).fill(1));
    return data;
  });
  for (const sum of sums) assertEquals(new Float32Array(sum), expected);
});

Deno.test("the sum depends on the order", () => {
  const leaves = Array.from({ length: 4 }, (_, i) => leaf(i, 1000));
  const inOrder = leaves.reduce((sum, next) => sum.map((x, i) => Math.fround(x + next[i])));
  assertEquals(total(leaves).some((x, i) => x !== inOrder[i]), true);
});
