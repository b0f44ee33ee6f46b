/** `overfold compare` from config to files: interrupted, resumed, and repeated from its runs. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readCheckpoint } from "../../checkpoints/checkpoint.ts";
import { jsonLines, overfold, parseEvents, startOverfold, TINY, withTinyConfig } from "./cli.ts";
import { killAt, resultsOf } from "./kills.ts";

/** 60 steps per epoch, so that a signal sent at the first arrives before the last on a busy machine too. */
const CONFIG = TINY.replace("do_conv2d:", "convolution:")
  .replace("model:", "model:\n  convolution: conv")
  .replace("trainCount: 96", "trainCount: 480");
const VARIED = ["--vary", "model.convolution=conv,do_conv", "--metric", "loss"];
const COMPARE = ["compare", "tiny.yaml", ...VARIED, "--seeds", "2"];
const RUNS = ["conv-seed-0", "do_conv-seed-0", "conv-seed-1", "do_conv-seed-1"];
const FILES = [".csv", ".html", ".json", ".md"].map((ending) => `comparison${ending}`);

/** The results of a comparison without times, memory and paths. */
async function foundIn(folder: string): Promise<unknown> {
  const { command: _, ...found } = JSON.parse(
    await Deno.readTextFile(join(folder, "comparison.json")),
  );
  return JSON.parse(JSON.stringify(found, (key, value) => {
    const isTimed = ["seconds", "imagesPerSecond", "memory", "path"].includes(key);
    return isTimed ? undefined : value;
  }));
}

/** Interrupts a process at the start of a matching run, and reads its events to the end. */
async function interruptAt(
  process: Deno.ChildProcess,
  matches: (run: unknown) => boolean,
): Promise<void> {
  let isInterrupted = false;
  for await (const { event, run } of jsonLines(process)) {
    if (isInterrupted || event !== "start" || !matches(run)) continue;
    isInterrupted = true;
    process.kill("SIGINT");
  }
}

const namesIn = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();

Deno.test("a killed, interrupted and resumed comparison gives the results of an uninterrupted one", () =>
  withTinyConfig(async (folder) => {
    const whole = await overfold(folder, ...COMPARE, "--output", "whole");
    assertEquals(whole.code, 0, whole.error);
    assertStringIncludes(whole.out, "2 seeds are too few to distinguish do_conv from conv: loss ");
    assertStringIncludes(
      whole.out,
      "with fewer than 6 seeds the Wilcoxon and sign tests always stay above 5 %",
    );
    assertEquals(await namesIn(join(folder, "whole")), [...FILES, ...RUNS].sort());

    const broken = [...COMPARE, "--output", "broken", "--json"];
    const killed = startOverfold(folder, ...broken);
    const atStep = (run: string, atStep: number) => async (process: Deno.ChildProcess) => {
      for await (const { event, run: name, step } of jsonLines(process)) {
        if (event === "step" && name === run && Number(step) >= atStep) return;
      }
    };
    assertEquals(await killAt(killed, atStep(RUNS[1], 16)), true);
    const stopped = startOverfold(folder, ...broken);
    const error = new Response(stopped.stderr).text();
    await interruptAt(stopped, (run) => run === RUNS[2]);
    assertEquals((await stopped.status).code, 130, await error);
    assertEquals((await namesIn(join(folder, "broken"))).includes("comparison.json"), false);

    const resumed = await overfold(folder, ...broken);
    assertEquals(resumed.code, 0, resumed.error);
    const trained = parseEvents(resumed.out).filter(({ event }) => event === "start");
    assertEquals(trained.map(({ run }) => run), RUNS.slice(2));
    for (const run of RUNS) {
      const [one, other] = ["whole", "broken"].map((output) => join(folder, output, run));
      assertEquals(await resultsOf(one), await resultsOf(other), run);
    }
    assertEquals(await foundIn(join(folder, "broken")), await foundIn(join(folder, "whole")));

    const again = await overfold(folder, ...broken);
    assertEquals([again.code, parseEvents(again.out).map(({ event }) => event)], [0, [
      "comparison",
    ]]);

    const changed = await overfold(folder, ...broken, "--set", "training.epochs=3", "--seeds", "3");
    assertEquals([changed.code, changed.out], [2, ""]);
    assertStringIncludes(
      changed.error,
      "broken: runs of this comparison were started with another",
    );
    assertStringIncludes(changed.error, "do_conv-seed-1: training.epochs was 2, is 3");

    const runs = RUNS.map((run) => join("whole", run));
    const from = await overfold(
      folder,
      ...["compare", "--from", ...runs, "--metric", "loss", "--output", "found"],
    );
    assertEquals(from.code, 0, from.error);
    const found = await foundIn(join(folder, "found")) as Record<string, unknown>;
    assertEquals({ ...found, title: "" }, {
      ...await foundIn(join(folder, "whole")) as Record<string, unknown>,
      title: "",
    });
  }, CONFIG));

Deno.test("parallel trainings give the same results, also when interrupted and resumed", () =>
  withTinyConfig(async (folder) => {
    const alone = await overfold(folder, ...COMPARE, "--output", "alone");
    assertEquals(alone.code, 0, alone.error);
    const together = [...COMPARE, "--output", "together", "--jobs", "2", "--json"];
    const stopped = startOverfold(folder, ...together);
    const error = new Response(stopped.stderr).text();
    await interruptAt(stopped, () => true);
    assertEquals((await stopped.status).code, 130, await error);
    const resumed = await overfold(folder, ...together);
    assertEquals(resumed.code, 0, resumed.error);
    for (const run of RUNS) {
      const [one, other] = ["alone", "together"].map((output) => join(folder, output, run));
      assertEquals(await resultsOf(one), await resultsOf(other), run);
    }
  }, CONFIG));

Deno.test("variants with the same seed see the same batches and start from the same kernels", () =>
  withTinyConfig(async (folder) => {
    // Nothing is learnt at this rate.
    const still = ["--set", "training.optimizer.learningRate=1e-30", "--seeds", "1"];
    const { code, error } = await overfold(folder, ...COMPARE, ...still, "--output", "runs");
    assertEquals(code, 0, error);
    const [conv, doConv] = await Promise.all(
      RUNS.slice(0, 2).map(async (run) => {
        const path = join(folder, "runs", run);
        const { tensors } = await readCheckpoint(join(path, "checkpoints/last.safetensors"));
        return { tensors, log: await Deno.readTextFile(join(path, "metrics.jsonl")) };
      }),
    );
    const kernels = [conv.tensors.model.get("0.weight"), doConv.tensors.model.get("0.W")];
    assertEquals(kernels[1]!.data, kernels[0]!.data);
    assertEquals(doConv.log, conv.log);
  }, CONFIG));

Deno.test("a diverged baseline is reported, and the other variants are compared", () =>
  withTinyConfig(async (folder) => {
    const { code, out, error } = await overfold(
      folder,
      ...["compare", "tiny.yaml", "--seeds", "1", "--json"],
      ...["--vary", "training.optimizer.learningRate=1e30,0.1,0.2"],
    );
    assertEquals(code, 1, error);
    assertStringIncludes(error, "error: 1e_30-seed-0: the training diverged");
    assertStringIncludes(error, "1 run diverged: 1e_30-seed-0");
    const comparison = parseEvents(out).at(-1)!;
    const variants = comparison.variants as { name: string }[];
    assertEquals(variants.map(({ name }) => name), ["0.1", "0.2", "1e+30"]);
    assertEquals([comparison.divergedBaseline, comparison.baseline], ["1e+30", "0.1"]);
    const output = join("runs", "tiny-compare");
    assert((await namesIn(join(folder, output))).includes("comparison.html"));

    const from = await overfold(folder, "compare", "--from", output, "--json");
    assertStringIncludes(from.error, "1e_30-seed-0 has no result: the run diverged");
    const found = parseEvents(from.out).at(-1)!;
    assertEquals([found.seeds, found.diverged], [comparison.seeds, comparison.diverged]);

    const rate = "training.optimizer.learningRate=1e30";
    const alone = await overfold(folder, "train", "tiny.yaml", "--set", rate);
    assertEquals(alone.code, 1);
    const both = ["compare", "--from", join("runs", "tiny"), join(output, "0.1-seed-0"), "--json"];
    const { out: told } = await overfold(folder, ...both);
    const [{ name }] = parseEvents(told).at(-1)!.diverged as { name: string }[];
    assertEquals(name, "tiny");

    const runs = ["0.1-seed-0", "0.2-seed-0"].map((run) => join(output, run));
    const fewer = ["compare", "--from", runs[0], "--output", output];
    const { error: warning } = await overfold(folder, ...fewer);
    assertStringIncludes(warning, "contains 3 runs; 0.2-seed-0, 1e_30-seed-0 will not");
  }, CONFIG));

Deno.test("a comparison whose runs all diverge is reported and written", () =>
  withTinyConfig(async (folder) => {
    const rates = ["--vary", "training.optimizer.learningRate=1e30,2e30", "--seeds", "1"];
    const { code, out, error } = await overfold(folder, "compare", "tiny.yaml", ...rates);
    assertEquals(code, 1, error);
    assertStringIncludes(out, "1e+30 diverged: none of 1 run has a result");
    assertStringIncludes(error, "2 runs diverged: 1e_30-seed-0, 2e_30-seed-0");
    const there = await namesIn(join(folder, "runs", "tiny-compare"));
    assert(["csv", "html", "json", "md"].every((kind) => there.includes(`comparison.${kind}`)));
  }, CONFIG));

for (
  const [what, args, message] of [
    ["two configs", ["a.yaml", "b.yaml"], "found 2 configs (a.yaml, b.yaml), expected one"],
    [
      "an unknown convolution",
      ["tiny.yaml", "--vary", "model.convolution=conv,conf"],
      "variant conf: --set model",
    ],
    [
      "an unknown metric",
      ["tiny.yaml", "--seeds", "2", "--metric", "acuracy"],
      'did you mean "accuracy"?',
    ],
    [
      "an unknown baseline",
      ["tiny.yaml", "--seeds", "2", "--baseline", "conf"],
      'there is no variant "conf"',
    ],
    [
      "a time budget",
      ["tiny.yaml", "--seeds", "2", "--set", "training.maxTime=1h"],
      "training.maxTime ends trainings",
    ],
    ["nothing to compare", ["tiny.yaml"], "there is nothing to compare; name what should differ"],
    [
      "too many seeds",
      ["tiny.yaml", "--seeds", "100000000000"],
      "found 100000000000, expected at most 10000",
    ],
    [
      "a loss as a percentage",
      ["tiny.yaml", "--seeds", "2", "--metric", "loss", "--targets", "12%"],
      "loss is not a percentage",
    ],
    [
      "--jobs with --from",
      ["--from", ".", "--jobs", "2"],
      "--jobs: nothing is trained with --from",
    ],
    ["a folder without runs", ["--from", "."], "there is no run in this folder"],
    ["--vary with --from", ["--from", ".", "--vary", "a=1,2"], "nothing is trained with --from"],
  ] as const
) {
  Deno.test(`compare rejects ${what} before training`, () =>
    withTinyConfig(async (folder) => {
      const { code, out, error } = await overfold(folder, "compare", ...args);
      assertEquals([code, out], [2, ""], error);
      assertStringIncludes(error, message);
      assertEquals((await namesIn(folder)).includes("runs"), false);
    }));
}
