import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { ComparedRun } from "../../comparison/compared_run.ts";
import { comparisonCsv, comparisonMarkdown } from "../../comparison/formats.ts";
import {
  type DivergedRun,
  requireBaseline,
  summarize,
  type VariantRun,
} from "../../comparison/summary.ts";
import type { Variant } from "../../comparison/variants.ts";
import { tablesOf } from "../../comparison/tables.ts";
import { verdictsOf } from "../../comparison/verdict.ts";
import { parseConfig } from "../../config/load.ts";
import { InputError } from "../../errors.ts";
import type { CONVOLUTIONS } from "../../layers/convolutions.ts";
import type { EpochRow } from "../../training/run_log.ts";

const CLASSES = ["a", "b"];
const SETTING = "model.convolution";

/** A run of two epochs of 10 s that ends with these accuracies. */
function runOf(
  convolution: keyof typeof CONVOLUTIONS,
  seed: number,
  accuracies: readonly number[],
): VariantRun {
  const { config } = parseConfig(
    `data: { dataset: mnist }\nmodel: { name: cifar_resnet20_v1 }\ntraining: { epochs: 2 }`,
    "config.yaml",
    { set: [`${SETTING}=${convolution}`, `seed=${seed}`] },
  );
  const metrics = accuracies.map((accuracy) => ({ loss: 1 - accuracy, accuracy, count: 10 }));
  const best = metrics.map((validation, i) => ({ ...validation, epoch: i + 1 }))
    .toSorted((a, b) => b.accuracy - a.accuracy)[0];
  const epochs = metrics.map((validation, i): EpochRow => ({
    epoch: i + 1,
    step: i + 1,
    values: { learningRate: 0.1 },
    train: validation,
    validation,
    time: { seconds: 10, validation: 2, dataWait: 0, images: 80, memory: 1000 + i },
  }));
  const run: ComparedRun = {
    name: `${convolution}-seed-${seed}`,
    path: `runs/${convolution}-seed-${seed}`,
    seed,
    config,
    header: {
      architecture: {
        name: "cifar_resnet20_v1",
        options: { classes: 2, inputChannels: 1, inputSize: 8, convolution },
      },
      description: {
        model: "cifar_resnet20_v1",
        input: { height: 8, width: 8, channels: 1 },
        normalization: { mean: [0], std: [1] },
        classNames: CLASSES,
      },
      backend: { name: "cpu", threads: 1, description: "CPU" },
      state: {
        step: 2,
        epoch: 2,
        batch: 0,
        sums: { loss: 0, count: 0 },
        validation: metrics.at(-1),
        best,
      },
    },
    log: { steps: [], epochs },
  };
  return { variant: variants[convolution as keyof typeof variants], run };
}

const variantNamed = (name: string) => ({ name, settings: [{ key: SETTING, value: name }] });
const variants = {
  conv: variantNamed("conv"),
  do_conv: variantNamed("do_conv"),
  rep_vgg: variantNamed("rep_vgg"),
};

const BASE = [[0.5, 0.8], [0.6, 0.82], [0.7, 0.81]];
const conv = BASE.map((accuracies, seed) => runOf("conv", seed, accuracies));
/** Better by 2, 3 and 2.5 points. */
const better = [0.02, 0.03, 0.025].map((more, seed) =>
  runOf("do_conv", seed, [0.9, BASE[seed][1] + more])
);

function divergedOf(variant: Variant, seed: number): DivergedRun {
  const name = `${variant.name}-seed-${seed}`;
  return { variant, seed, name, path: `runs/${name}`, config: conv[0].run.config };
}

Deno.test("runs are paired by seed; unpaired ones count only for the mean", () => {
  const { metrics: [{ entries }], seeds } = summarize([...conv, ...better.slice(1).toReversed()]);
  assertEquals(seeds, [0, 1, 2]);
  assertEquals(entries[0].paired, undefined);
  const { pairs, difference } = entries[1].paired!;
  assertEquals([pairs, difference.mean], [2, 0.0275]);
});

Deno.test("the last validation counts by default, or the best", () => {
  const last = summarize([...conv, ...better]).runs.map(({ values }) => values.accuracy);
  assertEquals(last, [0.8, 0.82, 0.81, 0.8200000000000001, 0.85, 0.8350000000000001]);
  const best = summarize(better, { at: "best" }).runs.map(({ values }) => values.accuracy);
  assertEquals(best, [0.9, 0.9, 0.9]);
});

Deno.test("p-values of several variants are corrected", () => {
  const third = BASE.map((accuracies, seed) =>
    runOf("rep_vgg", seed, [0, accuracies[1] + [0.01, -0.02, 0.03][seed]])
  );
  const { metrics: [{ entries }] } = summarize([...conv, ...better, ...third]);
  const [, one, other] = entries.map(({ paired }) => paired!);
  assertEquals(one.adjustedP, 2 * one.difference.p!);
  assertEquals(other.adjustedP, other.difference.p);
  const alone = summarize([...conv, ...third]).metrics[0].entries[1].paired!;
  assertEquals(other.pairsNeeded! > alone.pairsNeeded!, true);
});

Deno.test("verdicts state differences or ask for more seeds", () => {
  assertEquals(verdictsOf(summarize([...conv, ...better])), [
    "do_conv is better than conv: accuracy +2.50 points, 95 % interval +1.26 to +3.74, p = 0.0131",
    "with fewer than 6 seeds the Wilcoxon and sign tests always stay above 5 %",
  ]);
  assertEquals(
    verdictsOf(summarize([...better, ...conv], { metrics: ["loss"] }))[0].slice(0, 31),
    [
      "conv is worse than do_conv: loss",
    ][0].slice(0, 31),
  );
  const pair = verdictsOf(summarize([conv[0], better[0]]));
  assertEquals(pair, [
    "one seed cannot distinguish do_conv from conv (accuracy +2.00 points): train at least two",
  ]);
});

Deno.test("a diverged baseline stays in the tables and is replaced by another variant", () => {
  const diverged = [0, 1, 2].map((seed) => divergedOf(variants.rep_vgg, seed));
  const comparison = summarize([...conv, ...better], { baseline: "rep_vgg", diverged });
  assertEquals(verdictsOf(comparison).slice(0, 3), [
    "the baseline rep_vgg diverged; it is replaced by conv",
    "rep_vgg diverged: none of 3 runs has a result",
    "do_conv is better than conv: accuracy +2.50 points, 95 % interval +1.26 to +3.74, p = 0.0131",
  ]);
  for (const { rows } of tablesOf(comparison)) {
    const row = rows.at(-1)!;
    assertEquals([row[0], new Set(row.slice(2))], ["rep_vgg", new Set(["–"])]);
  }
  assertEquals(tablesOf(comparison)[0].rows.at(-1)![1], "0, 3 diverged");
});

Deno.test("if all runs diverged, the verdicts say so", () => {
  const diverged = [variants.conv, variants.do_conv].map((variant) => divergedOf(variant, 0));
  const comparison = summarize([], { baseline: "do_conv", diverged });
  assertEquals([comparison.baseline, comparison.divergedBaseline], ["do_conv", undefined]);
  assertEquals(verdictsOf(comparison), [
    "conv diverged: none of 1 run has a result",
    "do_conv diverged: none of 1 run has a result",
  ]);
  const [{ title, rows }] = tablesOf(comparison);
  assertEquals(title, "accuracy of the last validation, differences from do_conv");
  assertEquals(rows[1], ["conv", "0, 1 diverged", ...Array(8).fill("–")]);
  assertThrows(() => summarize([]), InputError, "no run has ended yet");
});

Deno.test("meaningless statistics are omitted: tests of one pair, intervals of equal differences", () => {
  const cells = (runs: readonly VariantRun[]) => tablesOf(summarize(runs))[0].rows[2];
  assertEquals(cells([conv[0], better[0]]).slice(4), Array(6).fill("–"));
  assertEquals(
    cells([...conv, ...BASE.map((values, seed) => runOf("do_conv", seed, values))])[4],
    "–",
  );
});

Deno.test("verdicts name corrected p-values and effects too small to detect", () => {
  const third = BASE.map(([first, last], seed) =>
    runOf("rep_vgg", seed, [first, last + [0.0301, -0.03, 0.001][seed]])
  );
  const [one, other] = verdictsOf(summarize([...conv, ...better, ...third]));
  assertStringIncludes(one, ", corrected p = 0.0261 of 2 tests");
  assertStringIncludes(
    other,
    "; to detect so small an effect with this spread takes more than 100 seeds",
  );
});

Deno.test("a metric given twice is shown once", () => {
  assertEquals(summarize(conv, { metrics: ["loss", "loss"] }).metrics.length, 1);
});

Deno.test("an unknown baseline is rejected with the valid names, quoted", () => {
  assertThrows(
    () => requireBaseline("xyz", ["conv, 0.1", "conv, 0.2"]),
    InputError,
    'variants: "conv, 0.1", "conv, 0.2"',
  );
});

Deno.test("times and epochs to targets are those of the first validation to reach them", () => {
  const { variants: [{ reached, seconds, imagesPerSecond, memory }] } = summarize(conv, {
    targets: [0.6, 0.81, 0.9].map((value) => ({ value, isPercent: false })),
  });
  assertEquals(reached, [
    { target: 0.6, runs: 3, epoch: 4 / 3, seconds: 40 / 3 },
    { target: 0.81, runs: 2, epoch: 2, seconds: 20 },
    { target: 0.9, runs: 0, epoch: null, seconds: null },
  ]);
  assertEquals([seconds.mean, imagesPerSecond.mean, memory], [20, 10, 1001]);
  const usual = summarize(conv).variants[0].reached.map(({ target }) => target);
  assertEquals(usual, [0.7, 0.75, 0.8]);
});

Deno.test("over-parameterized kernels fold to the baseline's size", () => {
  const [plain, over] = summarize([...conv, ...better]).variants;
  assertEquals(over.trainingParameters! > plain.trainingParameters!, true);
  assertEquals([over.foldedParameters, over.macs], [plain.foldedParameters, plain.macs]);
});

Deno.test("two runs with the same variant and seed are rejected", () => {
  assertThrows(
    () => summarize([conv[0], conv[1], conv[0]]),
    InputError,
    "have the same variant and seed (model.convolution=conv, seed=0); instead of their",
  );
  assertThrows(() => summarize([]), InputError, "no run has ended yet");
});

Deno.test("a comparison is written as CSV rows of runs and as Markdown tables", () => {
  const comparison = summarize([...conv.slice(0, 1), ...better.slice(0, 1)], {
    targets: [{ value: 0.8, isPercent: false }],
    diverged: [divergedOf(variants.do_conv, 1)],
  });
  assertEquals(comparisonCsv(comparison).split("\r\n"), [
    "variant,model.convolution,seed,status,epochs,accuracy,seconds,imagesPerSecond,memory,epochs to 0.8,seconds to 0.8,run",
    "conv,conv,0,done,2,0.8,20,10,1001,2,20,runs/conv-seed-0",
    "do_conv,do_conv,0,done,2,0.8200000000000001,20,10,1001,1,10,runs/do_conv-seed-0",
    "do_conv,do_conv,1,diverged,,,,,,,,runs/do_conv-seed-1",
    "",
  ]);
  const markdown = comparisonMarkdown(comparison, { title: "a | b", command: "overfold compare" });
  assertEquals(
    markdown.startsWith("# a \\| b\n\n- do\\_conv diverged in 1 of 2 runs: "),
    true,
  );
  assertStringIncludes(markdown, "| do\\_conv | 1, 1 diverged |");
  assertEquals(markdown.endsWith("\n```sh\noverfold compare\n```\n"), true);
});
