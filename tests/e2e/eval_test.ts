import {
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { parse } from "@std/csv";
import { join } from "@std/path";
import { readCheckpoint, writeCheckpoint } from "../../checkpoints/checkpoint.ts";
import type { Config } from "../../config/schema.ts";
import { startFaultServer } from "../datasets/fault_server.ts";
import { overfold, parseEvents, TINY, withTinyConfig } from "./cli.ts";

Deno.test("eval gives the same results for a checkpoint and its folded network", () =>
  withTinyConfig(async (folder) => {
    const trained = await overfold(folder, "train", "tiny.yaml", "--json");
    const done = parseEvents(trained.out).at(-1)!;
    const results = [];
    for (const file of [done.checkpoint, done.folded]) {
      const { code, out, error } = await overfold(folder, "eval", String(file), "--json");
      assertEquals(code, 0, error);
      results.push(...parseEvents(out));
    }
    const [checkpoint, folded] = results;
    assertEquals(Object.keys(checkpoint), [
      "accuracy",
      "loss",
      "count",
      "perClass",
      "confusion",
      "expectedCalibrationError",
    ]);
    assertEquals([checkpoint.accuracy, checkpoint.count], [done.validAccuracy, 24]);
    assertEquals([folded.accuracy, folded.count], [checkpoint.accuracy, 24]);
    assertAlmostEquals(Number(checkpoint.loss), Number(done.validLoss), 1e-5);
    assertAlmostEquals(Number(folded.loss), Number(checkpoint.loss), 1e-5);

    const plain = await overfold(folder, "eval", String(done.checkpoint));
    assertMatch(plain.out, /24 images\n\nclass +images +accuracy\n(class \d +8 +\d+\.\d\d %\n){3}/);

    const views = await overfold(
      folder,
      "eval",
      String(done.folded),
      "--json",
      "--tta",
      "ten_crop",
    );
    assertEquals(parseEvents(views.out)[0]?.count, 24, views.error);
    assertNotEquals(parseEvents(views.out)[0]?.loss, folded.loss);

    await Deno.copyFile(join(folder, String(done.folded)), join(folder, "moved.safetensors"));
    const lost = await overfold(folder, "eval", "moved.safetensors");
    assertEquals(lost.code, 2);
    assertStringIncludes(lost.error, "moved.safetensors: does not record which images");
    assertStringIncludes(lost.error, "--config CONFIG");
    assertEquals(lost.error.includes("config.yaml"), false);
    const named = await overfold(
      folder,
      "eval",
      "moved.safetensors",
      "--json",
      "--config",
      "tiny.yaml",
      "--set",
      "data.subset={test: 10}",
    );
    assertEquals(parseEvents(named.out)[0]?.count, 10, named.error);

    const other = await overfold(
      folder,
      "eval",
      String(done.checkpoint),
      "--set",
      "data.dataset.imageSize=6",
    );
    assertEquals(other.code, 2);
    assertStringIncludes(other.error, "8x8x2 in 3 classes");
  }));

Deno.test("eval reports confused classes and writes the confusion matrix to files", () =>
  withTinyConfig(async (folder) => {
    // One step leaves a network that still confuses the classes.
    const set = ["--set", "training.epochs=1", "--set", "data.subset={train: 8}"];
    const trained = await overfold(folder, "train", "tiny.yaml", ...set, "--set", "fold=false");
    assertEquals(trained.code, 0, trained.error);
    const checkpoint = join("runs", "tiny", "checkpoints", "best.safetensors");
    const { code, out, error } = await overfold(
      folder,
      "eval",
      checkpoint,
      "--json",
      "--confusion",
      "matrix.csv",
      "--confusion",
      "matrix.html",
    );
    assertEquals(code, 0, error);
    const [result] = parseEvents(out);
    const confusion = result.confusion as number[][];
    const perClass = result.perClass as { name: string; count: number; correct: number }[];
    assertEquals(confusion.flat().reduce((sum, count) => sum + count), 24);
    confusion.forEach((row, i) => {
      assertEquals(row.reduce((sum, count) => sum + count), perClass[i].count);
      assertEquals(row[i], perClass[i].correct);
    });
    const rows = parse(await Deno.readTextFile(join(folder, "matrix.csv")));
    assertEquals(rows[0], ["class", ...perClass.map(({ name }) => name)]);
    assertEquals(rows.slice(1).map((row) => row.slice(1).map(Number)), confusion);
    const page = await Deno.readTextFile(join(folder, "matrix.html"));
    assertStringIncludes(page, "best.safetensors on synthetic");

    const plain = await overfold(folder, "eval", checkpoint);
    assertMatch(plain.out, /\nmost confused +taken for +images +of the class\n/);
    const unknown = await overfold(folder, "eval", checkpoint, "--confusion", "matrix.png");
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.error, '"matrix.png", expected a name that ends in .csv or .html');
  }));

/** Trains on images of Fashion-MNIST's shape. */
const LIKE_FASHION_MNIST = TINY.replace("outFeatures: 3", "outFeatures: 10")
  .replace("classes: 3, imageSize: 8, channels: 2", "classes: 10, imageSize: 28, channels: 1");

Deno.test("eval contacts no server that a network's stored config names, and leaves no cache", () =>
  withTinyConfig(async (folder) => {
    await using server = startFaultServer(() => ({ status: 404 }));
    const trained = await overfold(folder, "train", "tiny.yaml", "--set", "training.epochs=1");
    assertEquals(trained.code, 0, trained.error);
    const run = join(folder, "runs", "tiny");
    const checkpoint = await readCheckpoint(join(run, "checkpoints", "last.safetensors"));
    const config = checkpoint.config as Config;
    const foreign = {
      ...config,
      data: {
        ...config.data,
        dataset: "fashion_mnist",
        mirror: server.url,
        checksums: { "train-images-idx3-ubyte.gz": "none" },
      },
    };
    await writeCheckpoint(join(folder, "foreign.safetensors"), { ...checkpoint, config: foreign });
    await Deno.writeTextFile(join(run, "config.yaml"), JSON.stringify(foreign));
    for (
      const network of ["foreign.safetensors", join("runs", "tiny", "folded", "model.safetensors")]
    ) {
      const { code, error } = await overfold(folder, "eval", network);
      assertEquals(code, 2, error);
      for (
        const part of ["data.mirror is not followed", "data.checksums is not", "was not found"]
      ) {
        assertStringIncludes(error, part);
      }
    }
    // Images that do not fit the network are not fetched either.
    const unfit = { ...config, data: { ...config.data, dataset: "cifar10", mirror: server.url } };
    await Deno.writeTextFile(join(folder, "unfit.yaml"), JSON.stringify(unfit));
    const { code, error } = await overfold(
      ...[folder, "eval", "foreign.safetensors", "--config", "unfit.yaml"] as const,
    );
    assertEquals(code, 2, error);
    assertStringIncludes(error, "those of cifar10 are 32x32x3 in 10 classes");
    assertEquals(server.requests, []);
    assertEquals(Array.from(Deno.readDirSync(folder), ({ name }) => name).includes("cache"), false);
  }, LIKE_FASHION_MNIST));
