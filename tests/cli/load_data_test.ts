import { assertEquals } from "@std/assert";
import { waitingHint } from "../../cli/load_data.ts";

const HINT = "hint: the training waits for its images; these may help: ";
const [THREADS, CACHE] = [
  "more threads (data.workers, now 2)",
  "caching decoded images (data.cache)",
];
const SMALLER = "images stored at little more than the network's input size";
const pictures = { count: 100, handle: { kind: "any" }, reads: [] };
const data = { batchSize: 10, workers: 2, cache: "none" } as const;

Deno.test("a training that waits for images is advised more threads on idle cores, or a cache", () => {
  const hint = (
    ...[train, own, cores]: [typeof pictures, Parameters<typeof waitingHint>[1], number]
  ) => waitingHint({ train }, own, cores);
  assertEquals(hint(pictures, data, 4), HINT + [THREADS, CACHE, SMALLER].join(", "));
  assertEquals(hint(pictures, { ...data, cache: "disk" }, 4), HINT + [THREADS, SMALLER].join(", "));
  assertEquals(hint(pictures, data, 2), HINT + [CACHE, SMALLER].join(", "));
  // Two batches keep no third thread busy.
  assertEquals(hint({ ...pictures, count: 20 }, data, 4), HINT + [CACHE, SMALLER].join(", "));
});

Deno.test("a cache and smaller images are advised only for image files", () => {
  const { count, handle } = pictures;
  const hint = (cores: number) => waitingHint({ train: { count, handle } }, data, cores);
  assertEquals(hint(2), `${HINT}less augmentation (data.augmentation)`);
  assertEquals(hint(4), `${HINT}${THREADS}, less augmentation (data.augmentation)`);
});
