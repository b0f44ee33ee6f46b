/**
 * How many images per second the workers of `train` decode, crop, scale and flip: an epoch of
 * `random_resized_crop` to 224 × 224 and `horizontal_flip`. Prints a JSON object.
 *
 *     deno run --allow-read --allow-write --allow-env bench/pictures/read.ts FOLDER
 *         [--workers 2]
 */
import { parseArgs } from "node:util";
import { BatchLoader } from "../../datasets/loader.ts";
import { loadDataset } from "../../datasets/open.ts";

const { values: { workers }, positionals: [root] } = parseArgs({
  allowPositionals: true,
  options: { workers: { type: "string", default: "2" } },
});

const { train } = await loadDataset({ name: "image_folder", root }, {
  trainTransforms: [{ name: "random_resized_crop", size: 224 }, "horizontal_flip"],
});
using loader = new BatchLoader(train, { batchSize: 32, shuffle: true, workers: Number(workers) });

/** Images read while the workers start and their code is compiled. */
const WARM_UP = 320;
let seen = 0;
for await (const { count } of loader.epoch(0)) {
  seen += count;
  if (seen >= WARM_UP) break;
}
const start = performance.now();
seen = 0;
for await (const { count } of loader.epoch(1)) seen += count;
const imagesPerSecond = 1000 * seen / (performance.now() - start);
console.log(JSON.stringify({ imagesPerSecond }));
