import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { plainPng, withFiles } from "../support/pictures.ts";
import { tarOf } from "../support/tar.ts";
import { overfold, parseEvents } from "./cli.ts";

const CONFIG = `\
backend: cpu
threads: 1
data:
  dataset: DATASET
  eval: [{name: fit, size: 4}]
  batchSize: 4
model:
  layers:
    - flatten
    - linear: {outFeatures: 3}
training: {epochs: 2}
`;

const PARQUET = fromFileUrl(new URL("../fixtures/shards/hf.parquet", import.meta.url));

/** Samples of three classes. */
const SAMPLES = Object.fromEntries(
  Array.from({ length: 24 }, (_, i) => [
    [`${i}.png`, plainPng([90 * (i % 3), 0, 0])],
    [`${i}.cls`, `${i % 3}`],
  ]).flat(),
);

const DATASETS = {
  tar: "{name: tar_shards, train: pictures.tar, classes: [black, dim, red]}",
  parquet: `{name: parquet, train: ${PARQUET}, classes: [cat, dog, owl]}`,
};

for (const [name, dataset] of Object.entries(DATASETS)) {
  Deno.test(`images in a ${name} file can be trained on, evaluated and checked`, async () => {
    const files = {
      "own.yaml": CONFIG.replace("DATASET", dataset),
      "pictures.tar": await tarOf(SAMPLES),
    };
    await withFiles(files, async (folder) => {
      const trained = await overfold(folder, "train", "own.yaml");
      assertEquals(trained.code, 0, trained.error);
      assertStringIncludes(trained.out, "decoding images");
      const again = await overfold(folder, "train", "own.yaml", "--resume");
      assertEquals(again.code, 0, again.error);
      const network = join("runs", "own", "folded", "model.safetensors");
      const evaluated = await overfold(folder, "eval", network, "--json");
      assertEquals(evaluated.code, 0, evaluated.error);
      assertEquals(parseEvents(evaluated.out)[0].count, name === "tar" ? 5 : 2);
      const checked = await overfold(folder, "datasets", "check", "own.yaml", "--json");
      assertEquals(parseEvents(checked.out).at(-1)!.broken, 0, checked.error);
    });
  });
}
