/**
 * What the norms of `training.logNorms` cost a training step on the CPU: steps with and without, in
 * turn, and the ratio of their processor time, which other load on the machine changes little.
 *
 *     deno run --allow-all bench/norms.ts [--network cifar_resnet20_v1] [--batch-size 128] [--rounds 60]
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { cpuBackend } from "../backends/wasm/mod.ts";
import { trainingOf } from "../cli/bench_subjects.ts";
import { buildModel } from "../models/registry.ts";
import { median } from "../reporting/statistics.ts";
import { changedInput } from "../training/image_input.ts";
import { resolveRecipe } from "../training/recipe.ts";

const { values } = parseArgs({
  options: {
    network: { type: "string", default: "cifar_resnet20_v1" },
    convolution: { type: "string", default: "do_conv" },
    "batch-size": { type: "string", default: "128" },
    threads: { type: "string", default: "1" },
    rounds: { type: "string", default: "60" },
  },
});
const side = values.network.startsWith("cifar") ? 32 : 224;
const shape = { height: side, width: side, channels: 3 };
const backend = cpuBackend({ threads: Number(values.threads) });

function subject(withNorms: boolean) {
  const { convolution, network } = values as { convolution: "do_conv"; network: string };
  const model = buildModel(network, { classes: 10, inputSize: side, convolution });
  model.initialize(0);
  const optimizer = { name: "sgd", learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 } as const;
  const recipe = resolveRecipe(model, { optimizer }, { classes: 10 });
  const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  const options = {
    recipe,
    ...changedInput({ input: shape, normalization }, {}),
    batchSize: Number(values["batch-size"]),
    seed: 0,
    withNorms,
  };
  return trainingOf(backend, options, shape, {});
}

const subjects = [await subject(false), await subject(true), await subject(false)];
const times = subjects.map((): number[] => []);
for (let round = -3; round < Number(values.rounds); round++) {
  for (const i of round % 2 === 0 ? [0, 1, 2] : [2, 1, 0]) {
    const start = process.cpuUsage();
    await subjects[i].step(round + 3);
    const { user, system } = process.cpuUsage(start);
    if (round >= 0) times[i].push((user + system) / 1000);
  }
}
subjects.forEach((subject) => subject[Symbol.dispose]());
const ratio = (of: number, to: number) => median(times[of].map((time, i) => time / times[to][i]));
const least = times.map((list) => Math.min(...list));
console.log(
  `${values.network}, ${values.convolution}, batch ${values["batch-size"]}: ` +
    `${least[0].toFixed(2)} ms a step without norms, ${least[1].toFixed(2)} ms with; ` +
    `median ratio ${ratio(1, 0).toFixed(4)}, of least times ${(least[1] / least[0]).toFixed(4)}; ` +
    `without against without ${ratio(2, 0).toFixed(4)} and ${(least[2] / least[0]).toFixed(4)}`,
);
