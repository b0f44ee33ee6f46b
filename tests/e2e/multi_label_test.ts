/** Several classes per image, from a config to every use of the network. */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import encodePng from "npm:@jsquash/png@3.1.1/encode.js";
import { openDataset } from "../../datasets/open.ts";
import { readFoldedNetwork, writeFoldedNetwork } from "../../networks/network_file.ts";
import { eventsOf, overfold, parseEvents, withTinyConfig } from "./cli.ts";

const DATASET = {
  name: "synthetic_multi_label",
  classes: 3,
  imageSize: 8,
  trainCount: 192,
  testCount: 48,
  maxLabels: 2,
} as const;

const CONFIG = `\
threads: 1
data:
  dataset: ${JSON.stringify(DATASET)}
  batchSize: 16
  evalBatchSize: 20
model:
  layers:
    - do_conv2d: { outChannels: 8, kernelSize: 3, padding: 1 }
    - batch_norm2d
    - relu
    - do_conv2d: { outChannels: 8, kernelSize: 3, stride: 2, padding: 1 }
    - batch_norm2d
    - relu
    - global_avg_pool2d
    - flatten
    - linear: { outFeatures: 3 }
training:
  epochs: 8
  objective: multi_label
  optimizer: { name: adamw, learningRate: 0.02 }
`;

const CHECKPOINT = join("runs", "tiny", "checkpoints", "best.safetensors");
const FOLDED = join("runs", "tiny", "folded", "model.safetensors");

/** Writes a test image as a PNG file. */
async function writePicture(path: string, index: number): Promise<void> {
  const { load } = await openDataset(DATASET);
  const { test } = await load();
  const { height, width } = test.shape;
  const pixels = new Uint8Array(3 * height * width);
  await test.read(index, 0, pixels);
  const image = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    image.data.set([...pixels.subarray(3 * i, 3 * i + 3), 255], 4 * i);
  }
  await Deno.writeFile(path, new Uint8Array(await encodePng(image)));
}

Deno.test("train, eval, predict, fold and site handle several classes per image", () =>
  withTinyConfig(async (folder) => {
    const trained = await eventsOf(folder, "train", "tiny.yaml");
    const epochs = trained.filter(({ event }) => event === "epoch");
    const done = trained.at(-1)!;
    assert(Number(done.validMeanAveragePrecision) > 0.8, `${done.validMeanAveragePrecision}`);
    assert(Number(epochs[7].loss) < Number(epochs[0].loss) / 2);
    assertEquals(
      done.validMeanAveragePrecision,
      Math.max(...epochs.map(({ validMeanAveragePrecision }) => Number(validMeanAveragePrecision))),
    );
    const log = await Deno.readTextFile(join(folder, "runs", "tiny", "metrics.jsonl"));
    assertEquals(parseEvents(log).at(-1)?.validF1, epochs[7].validF1);

    const results = [];
    for (const path of [CHECKPOINT, FOLDED]) {
      const [result] = await eventsOf(folder, "eval", path);
      results.push(result);
      for (const name of ["meanAveragePrecision", "f1", "precision", "recall", "microF1", "loss"]) {
        const valid = done[`valid${name[0].toUpperCase()}${name.slice(1)}`];
        assertAlmostEquals(Number(result[name]), Number(valid), 1e-5, name);
      }
    }
    const perClass = results[0].perClass as { averagePrecision: number; count: number }[];
    const mean = perClass.reduce((sum, { averagePrecision }) => sum + averagePrecision, 0) / 3;
    assertAlmostEquals(Number(results[0].meanAveragePrecision), mean, 1e-12);
    const shown = await overfold(folder, "eval", CHECKPOINT);
    assertStringIncludes(shown.out, "  48 images\n\nclass    images  precision");
    const confusion = await overfold(folder, "eval", CHECKPOINT, "--confusion", "matrix.csv");
    assertEquals(confusion.code, 2);
    assertStringIncludes(confusion.error, "no confusion matrix");

    await writePicture(join(folder, "a.png"), 0);
    const predict = ["predict", FOLDED, "a.png", "--threshold"];
    const [{ predictions: all }] = await eventsOf(folder, ...predict, "0");
    const probabilities = (all as { probability: number }[]).map(({ probability }) => probability);
    assertEquals(probabilities.length, 3);
    assertEquals(probabilities, probabilities.toSorted((a, b) => b - a));
    const [{ predictions: some }] = await eventsOf(folder, ...predict, `${probabilities[1]}`);
    assertEquals(some, (all as unknown[]).slice(0, 1));
    const folded = await readFoldedNetwork(join(folder, FOLDED));
    const description = { ...folded.description, threshold: probabilities[1] };
    await writeFoldedNetwork(join(folder, "own.safetensors"), { ...folded, description });
    const [own] = await eventsOf(folder, "predict", "own.safetensors", "a.png");
    assertEquals(own.predictions, some);
    const none = await overfold(folder, ...predict, "1");
    assertEquals(none.out, "a.png\n  no class\n");
    const csv = await overfold(folder, ...predict, "1", "--format", "csv");
    assertEquals(csv.out, "image,rank,class,probability\na.png,,,\n");
    const refused = await overfold(folder, ...predict, "2");
    assertStringIncludes(refused.error, '--threshold: found "2", expected a probability');

    const [fold] = await eventsOf(folder, "fold", CHECKPOINT, "--batch-norm");
    assertEquals(fold.decisionAgreement, 1);
    assertEquals(fold.top1Agreement, undefined);
    await eventsOf(folder, "site", CHECKPOINT, "--output", "site");
    const card = JSON.parse(await Deno.readTextFile(join(folder, "site", "card.json")));
    assertEquals(card.validation.count, 48);
    assertEquals(card.validation.results.map(([name]: [string]) => name), ["mAP", "F1"]);
    const file = await Deno.readFile(join(folder, "site", "network.safetensors"));
    assertStringIncludes(new TextDecoder().decode(file.subarray(0, 10_000)), "sigmoid");
  }, CONFIG));

Deno.test("a multi-label run resumes to the same bits", () =>
  withTinyConfig(async (folder) => {
    const epochs = (count: number) => ["--set", `training.epochs=${count}`, "--set", "fold=false"];
    const monitor = ["--set", "training.monitor={metric: microF1}"];
    await eventsOf(folder, "train", "tiny.yaml", ...monitor, ...epochs(2), "--output", "whole");
    await eventsOf(folder, "train", "tiny.yaml", ...monitor, ...epochs(1), "--output", "parts");
    await eventsOf(
      folder,
      ...["train", "tiny.yaml", ...monitor, ...epochs(2), "--output", "parts", "--resume"],
    );
    for (const file of ["metrics.jsonl", "checkpoints/last.safetensors"]) {
      const [whole, parts] = await Promise.all(
        ["whole", "parts"].map((run) => Deno.readTextFile(join(folder, run, file))),
      );
      assert(whole === parts, `${file} differs`);
    }
  }, CONFIG));

Deno.test("unsuitable objectives and unknown metrics are reported at their keys", () =>
  withTinyConfig(async (folder) => {
    const refusal = async (set: string) => {
      const { code, error } = await overfold(folder, "train", "tiny.yaml", "--set", set);
      assertEquals(code, 2);
      return error;
    };
    assertStringIncludes(
      await refusal("training.objective=classification"),
      "--set training.objective: classification learns from labels i32 [images]; the " +
        "images have targets f32 [images, 3]. Use the objective multi_label",
    );
    assertStringIncludes(
      await refusal("training.monitor={metric: f2}"),
      '--set training.monitor.metric: multi_label has no metric "f2"',
    );
    assertStringIncludes(
      await refusal("training.labelSmoothing=0.1"),
      "--set training.labelSmoothing: unknown key",
    );
  }, CONFIG));
