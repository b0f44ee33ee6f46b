import { assert, assertEquals } from "@std/assert";
import { type MemoryItem, planMemory } from "../../../graph/passes/plan_memory.ts";

Deno.test("tensors that are never alive together share memory", () => {
  const plan = planMemory([
    { bytes: 128, firstUse: 0, lastUse: 1 },
    { bytes: 128, firstUse: 2, lastUse: 3 },
  ]);
  assertEquals(plan, { offsets: [0, 0], totalBytes: 128 });
});

Deno.test("no two tensors overlap in time and space, and offsets are aligned", () => {
  let state = 7;
  const next = (below: number) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
  const items: MemoryItem[] = Array.from({ length: 200 }, () => {
    const firstUse = next(100);
    return { bytes: next(1000), firstUse, lastUse: firstUse + next(20) };
  });
  const { offsets, totalBytes } = planMemory(items);
  items.forEach((a, i) => {
    assertEquals(offsets[i] % 64, 0);
    assert(offsets[i] + a.bytes <= totalBytes);
    items.slice(0, i).forEach((b, j) => {
      const together = a.firstUse <= b.lastUse && b.firstUse <= a.lastUse;
      const apart = offsets[i] + a.bytes <= offsets[j] || offsets[j] + b.bytes <= offsets[i];
      assert(!together || apart, `items ${j} and ${i} overlap`);
    });
  });
  const sum = items.reduce((total, { bytes }) => total + bytes, 0);
  assert(totalBytes < sum / 3, "most memory is shared");
});
