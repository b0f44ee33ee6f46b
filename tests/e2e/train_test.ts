import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "@std/csv";
import { join } from "@std/path";
import { readCheckpoint } from "../../checkpoints/checkpoint.ts";
import { loadNetwork } from "../../checkpoints/load.ts";
import { loadConfig } from "../../config/load.ts";
import { readEvents, summariesOf } from "../support/event_files.ts";
import { overfold, parseEvents, TINY, withTinyConfig } from "./cli.ts";

Deno.test("train --json reports start, steps, epochs and the end, and writes the run's files", () =>
  withTinyConfig(async (folder) => {
    const { code, out, error } = await overfold(folder, "train", "tiny.yaml", "--json");
    assertEquals(code, 0, error);
    const events = parseEvents(out);
    assertEquals(events.map(({ event, step }) => [event, step]), [
      ["start", 0],
      ["step", 4],
      ["step", 8],
      ["step", 12],
      ["epoch", 12],
      ["step", 16],
      ["step", 20],
      ["step", 24],
      ["epoch", 24],
      ["done", 24],
    ]);
    const [start, step] = events;
    assertEquals(
      [start.model, start.backend, start.stepsPerEpoch, start.trainCount, start.validCount],
      ["layers", "cpu", 12, 96, 24],
    );
    assertEquals(typeof step.loss, "number");
    const done = events[events.length - 1];
    assertEquals(done.checkpoint, join("runs", "tiny", "checkpoints", "best.safetensors"));
    assertEquals(done.folded, join("runs", "tiny", "folded", "model.safetensors"));
    const accuracies = events.filter(({ event }) => event === "epoch").map((e) => e.validAccuracy);
    assertEquals(done.validAccuracy, Math.max(...accuracies as number[]));

    const run = join(folder, "runs", "tiny");
    for (const file of ["checkpoints/last.safetensors", "checkpoints/best.safetensors"]) {
      const { description } = await loadNetwork(join(run, file));
      assertEquals(description.input, { height: 8, width: 8, channels: 2 });
    }
    const stored = await loadConfig(join(run, "config.yaml"));
    const { config } = await loadConfig(join(folder, "tiny.yaml"));
    assertEquals(stored.config, { ...config, data: { ...config.data, shards: 1 } });
    const lines = (await Deno.readTextFile(join(run, "metrics.jsonl"))).trim().split("\n");
    assertEquals(lines.length, events.length - 2);
  }));

Deno.test("train prints a line for each epoch and the result of folding", () =>
  withTinyConfig(async (folder) => {
    const { code, out } = await overfold(folder, "train", "tiny.yaml", "--output", "out");
    assertEquals(code, 0);
    assertStringIncludes(out, "epoch 1/2  loss ");
    assertStringIncludes(out, "epoch 2/2  loss ");
    assertStringIncludes(out, `folded: ${join("out", "folded", "model.safetensors")}`);
    assertStringIncludes(out, "top-1 agreement 100.00 %");
    assertEquals((await Deno.stat(join(folder, "out", "metrics.jsonl"))).isFile, true);
  }));

Deno.test("loggers write their files in the run's folder and continue when it resumes", () =>
  withTinyConfig(async (folder) => {
    const set = (keys: Readonly<Record<string, string>>) =>
      Object.entries(keys).map(([key, value]) => `--set=training.${key}=${value}`);
    const loggers = "[csv, tensorboard, stdout]";
    const first = await overfold(folder, "train", "tiny.yaml", ...set({ loggers, epochs: "1" }));
    assertEquals(first.code, 0, first.error);
    assertMatch(first.out, /^epoch 1 {2}step 12 {2}learningRate \S+ {2}loss \S+$/m);
    const norms = set({ loggers, logNorms: "true" });
    const second = await overfold(folder, "train", "tiny.yaml", "--resume", ...norms);
    assertEquals(second.code, 0, second.error);
    const run = join(folder, "runs", "tiny");
    const steps = parse(await Deno.readTextFile(join(run, "steps.csv")));
    assertEquals(steps.map(([, step]) => step), ["step", "4", "8", "12", "16", "20", "24"]);
    const norm = steps[0].indexOf("gradientNorm");
    assertEquals(steps.slice(1).map((row) => Number(row[norm]) > 0), [
      ...[false, false, false],
      ...[true, true, true],
    ]);
    const tagsOf = async (file: number) =>
      readEvents(await Deno.readFile(join(run, `events.out.tfevents.00000${file}.overfold`)))
        .flatMap((event) => [...summariesOf(event).keys()]);
    const [before, after] = [await tagsOf(1), await tagsOf(2)];
    assertEquals(before.includes("pictures/batch"), true);
    assertEquals(before.filter((tag) => tag === "steps/loss").length, 3);
    assertEquals(after.filter((tag) => tag === "steps/gradientNorm").length, 3);
  }));

Deno.test("training out of time folds and says how to resume; resumed, it stops early", () =>
  withTinyConfig(async (folder) => {
    const train = (...set: string[]) =>
      overfold(folder, "train", "tiny.yaml", ...set.flatMap((one) => ["--set", one]), "--resume");
    const stopping = "training.earlyStopping={patience: 1, minDelta: 1}";
    const first = await train("training.epochs=9", "training.maxTime=0.001s", stopping);
    assertEquals(first.code, 0, first.error);
    assertStringIncludes(first.error, "stopped at step 1 (epoch 1 of 9) and saved ");
    assertStringIncludes(
      first.error,
      "training.maxTime is over\nto resume: overfold train tiny.yaml",
    );
    assertStringIncludes(first.out, "folded: ");
    const rest = await train("training.epochs=9", stopping);
    assertEquals(rest.code, 0, rest.error);
    const why = "1 validation in a row without a better accuracy (training.earlyStopping)";
    assertStringIncludes(rest.error, `stopped early after epoch 2 of 9: ${why}`);
    const over = await train("training.epochs=9", stopping);
    assertStringIncludes(over.error, `the training stopped early at step 24: ${why}`);
    assertStringIncludes(over.out, "nothing was left to train; validation accuracy ");
  }));

Deno.test("mistakes that depend on the images are located too", () =>
  withTinyConfig(async (folder) => {
    const given = await overfold(folder, "train", "tiny.yaml", "--set", "data.subset={train: 97}");
    assertEquals(given.code, 2);
    const wanted = "--set data.subset.train: found 97, expected at most 96";
    assertStringIncludes(given.error, wanted);
    const text = await Deno.readTextFile(join(folder, "tiny.yaml"));
    const wrong = text.replace("data:", "data:\n  validation: { from: train, count: 96 }");
    await Deno.writeTextFile(join(folder, "wrong.yaml"), wrong);
    const written = await overfold(folder, "train", "wrong.yaml");
    assertEquals(written.code, 2);
    const frozen = await overfold(folder, "train", "tiny.yaml", "--set", "training.freeze=[foo]");
    assertEquals(frozen.code, 2);
    assertStringIncludes(frozen.error, '--set training.freeze.0: the name "foo" fits no parameter');
    const crop = ["--set", "data.augmentation.0.padding=8"];
    const cropped = await overfold(folder, "train", "tiny.yaml", ...crop);
    assertEquals(cropped.code, 2);
    assertStringIncludes(
      cropped.error,
      "--set data.augmentation.0.padding: found 8; images of 8x8",
    );
    assertMatch(written.error, /wrong\.yaml:3:37 data\.validation\.count: found 96 images/);
  }));

Deno.test("the folded checkpoint is the one whose accuracy is reported, despite an older best", () =>
  withTinyConfig(async (folder) => {
    const set = ["--set", "fold=false", "--json", "--set"];
    await overfold(folder, "train", "tiny.yaml", ...set, "training.epochs=1");
    const { out } = await overfold(
      folder,
      ...["train", "tiny.yaml", "--resume", "--set", "checkpoints.keepBest=false", ...set],
      "training.epochs=6",
    );
    const done = parseEvents(out).at(-1);
    const { state } = await readCheckpoint(join(folder, String(done?.checkpoint)));
    assertEquals(state.validation?.accuracy, done?.validAccuracy);
  }));

Deno.test("an existing run is neither overwritten nor resumed by default", () =>
  withTinyConfig(async (folder) => {
    const set = ["--set", "training.epochs=1", "--set", "fold=false"];
    const first = await overfold(folder, "train", "tiny.yaml", ...set, "--json");
    assertEquals(parseEvents(first.out).at(-1)?.folded, null);
    const config = join(folder, "runs", "tiny", "config.yaml");
    const stored = await Deno.readTextFile(config);
    const again = await overfold(folder, "train", "tiny.yaml", ...set);
    assertEquals(again.code, 2);
    for (const option of ["--resume", "--force"]) assertStringIncludes(again.error, option);
    const both = await overfold(folder, "train", "tiny.yaml", "--resume", "--force");
    assertEquals(both.code, 2);
    const other = await overfold(
      folder,
      "train",
      "tiny.yaml",
      "--resume",
      "--set",
      "training.optimizer.learningRate=0.5",
    );
    assertEquals(other.code, 2);
    assertStringIncludes(other.error, "training.optimizer.learningRate was 0.1, is 0.5");
    const unfit = await overfold(
      folder,
      "train",
      "tiny.yaml",
      "--force",
      "--set",
      "data.batchSize=200",
    );
    assertEquals(unfit.code, 2);
    assertEquals(await Deno.readTextFile(config), stored);
    const last = join(folder, "runs", "tiny", "checkpoints", "last.safetensors");
    assertEquals((await Deno.stat(last)).isFile, true);
    const forced = await overfold(folder, "train", "tiny.yaml", ...set, "--force");
    assertEquals(forced.code, 0);
  }));

Deno.test("a diverging training exits with 1 and says where", () =>
  withTinyConfig(async (folder) => {
    const { code, error } = await overfold(folder, "train", "tiny.yaml");
    assertEquals(code, 1);
    assertStringIncludes(error, "error: the training diverged: ");
    assertStringIncludes(error, "learning rate");
    assertEquals(error.includes("    at "), false);
  }, TINY.replace("learningRate: 0.1", "learningRate: 1e30")));
