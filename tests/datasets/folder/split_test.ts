import { assert, assertEquals } from "@std/assert";
import { type Labelled, shuffled, stratified } from "../../../datasets/folder/split.ts";

/** So many pictures of each class. */
function pictures(...counts: number[]): Labelled[] {
  return counts.flatMap((count, label) =>
    Array.from({ length: count }, (_, i) => ({ path: `${label}/picture ${i}.jpg`, label }))
  );
}

const held = (counts: number[], holdOut: Parameters<typeof stratified>[2]) => {
  const split = stratified(pictures(...counts), counts.length, holdOut);
  assertEquals(split.train.length + split.held.length, counts.reduce((sum, one) => sum + one, 0));
  return counts.map((_, label) => split.held.filter((picture) => picture.label === label).length);
};

Deno.test("each class gives its share; the numbers add up and none is used up", () => {
  assertEquals(held([10, 20, 70], { share: 0.1 }), [1, 2, 7]);
  assertEquals(held([3, 3, 4], { share: 0.25 }), [1, 1, 1]);
  assertEquals(held([1, 1, 98], { count: 20 }), [0, 0, 20]);
  assertEquals(held([2, 2], { share: 0.9 }), [1, 1]);
  assertEquals(held([0, 10], { count: 2 }), [0, 2]);
});

Deno.test("the order follows from paths and seed, and one more picture changes little", () => {
  const all = pictures(50, 50);
  const order = (list: readonly Labelled[], seed = 0) =>
    shuffled(list, seed).map((one) => one.path);
  assertEquals(order(all.toReversed()), order(all));
  assert(order(all, 1).join() !== order(all).join());
  const more = order([...all, { path: "1/new.jpg", label: 1 }]);
  assertEquals(more.filter((path) => path !== "1/new.jpg"), order(all));
  // Both classes are everywhere.
  const first = order(all).slice(0, 20).filter((path) => path.startsWith("0/")).length;
  assert(first > 3 && first < 17, `${first}`);
});
