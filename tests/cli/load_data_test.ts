import { assertEquals } from "@std/assert";
import { waitingHint } from "../../cli/load_data.ts";

const HINT = "hint: the training waits for its images; what may help: ";
const [THREADS, CACHE] = [
  "more threads (data.workers, now 2)",
  "keeping decoded pictures (data.cache)",
];
const SMALLER = "pictures that are hardly larger than the network sees them";
const pictures = { count: 100, handle: { kind: "any" }, reads: [] };
const data = { batchSize: 10, workers: 2, cache: "none" } as const;

Deno.test("who waits for images is told of more threads while cores are idle, and of a cache if there is none", () => {
  const hint = (
    ...[train, own, cores]: [typeof pictures, Parameters<typeof waitingHint>[1], number]
  ) => waitingHint({ train }, own, cores);
  assertEquals(hint(pictures, data, 4), HINT + [THREADS, CACHE, SMALLER].join(", "));
  assertEquals(hint(pictures, { ...data, cache: "disk" }, 4), HINT + [THREADS, SMALLER].join(", "));
  assertEquals(hint(pictures, data, 2), HINT + [CACHE, SMALLER].join(", "));
  // Two batches occupy no third thread.
  assertEquals(hint({ ...pictures, count: 20 }, data, 4), HINT + [CACHE, SMALLER].join(", "));
});

Deno.test("images that are no pictures of any size are not cached or shrunk", () => {
  const { count, handle } = pictures;
  const hint = (cores: number) => waitingHint({ train: { count, handle } }, data, cores);
  assertEquals(hint(2), `${HINT}fewer changes of images (data.augmentation)`);
  assertEquals(hint(4), `${HINT}${THREADS}, fewer changes of images (data.augmentation)`);
});
