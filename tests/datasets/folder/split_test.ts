import { assert, assertEquals } from "@std/assert";
import { shuffled, stratified } from "../../../datasets/folder/split.ts";
import { PathList, type Paths } from "../../../datasets/paths.ts";

function pathsOf(names: readonly string[]): Paths {
  const list = new PathList();
  names.forEach((name) => list.add(name));
  return list.done("root");
}

/** Paths of this many images of each class. */
function pictures(...counts: number[]): string[] {
  return counts.flatMap((count, label) =>
    Array.from({ length: count }, (_, i) => `${label}/image ${i}.jpg`)
  );
}

const held = (counts: number[], holdOut: Parameters<typeof stratified>[3]) => {
  const labels = counts.flatMap((count, label) => new Array<number>(count).fill(label));
  const all = Uint32Array.from(labels, (_, i) => i);
  const split = stratified(all, (i) => labels[i], counts.length, holdOut);
  assertEquals([...split.train, ...split.held].sort((a, b) => a - b), [...all]);
  return counts.map((_, label) => split.held.filter((i) => labels[i] === label).length);
};

Deno.test("each class gives its share; the numbers add up and no class is used up", () => {
  assertEquals(held([10, 20, 70], { share: 0.1 }), [1, 2, 7]);
  assertEquals(held([3, 3, 4], { share: 0.25 }), [1, 1, 1]);
  assertEquals(held([1, 1, 98], { count: 20 }), [0, 0, 20]);
  assertEquals(held([2, 2], { share: 0.9 }), [1, 1]);
  assertEquals(held([0, 10], { count: 2 }), [0, 2]);
});

Deno.test("the order depends only on paths and seed, and a new image hardly changes it", () => {
  const all = pictures(50, 50);
  const order = (list: readonly string[], seed = 0) =>
    Array.from(shuffled(pathsOf(list), seed), (i) => list[i]);
  assertEquals(order(all.toReversed()), order(all));
  assertEquals(order(all).toSorted(), all.toSorted());
  assert(order(all, 1).join() !== order(all).join());
  const more = order([...all, "1/new.jpg"]);
  assertEquals(more.filter((path) => path !== "1/new.jpg"), order(all));
  // Both classes are mixed throughout.
  const first = order(all).slice(0, 20).filter((path) => path.startsWith("0/")).length;
  assert(first > 3 && first < 17, `${first}`);
  const part = shuffled(pathsOf(all), 0, 20, 60);
  assertEquals([...part].sort((a, b) => a - b), Array.from({ length: 40 }, (_, i) => 20 + i));
});
