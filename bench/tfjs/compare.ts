/**
 * Training speed against TensorFlow.js on the same WebGPU adapter, software ones included: plain
 * CIFAR ResNet-20 in `overfold bench` and `resnet20.ts` in turn.
 *
 *     XDG_RUNTIME_DIR=/tmp deno run --allow-run bench/tfjs/compare.ts [--batch-size 8] [--rounds 3]
 *         [--steps 3]
 */
import { parseArgs } from "node:util";
import { compareInTurn, lastLine, overfoldBench } from "../rival.ts";

const { values: options } = parseArgs({
  options: {
    "batch-size": { type: "string", default: "8" },
    rounds: { type: "string", default: "3" },
    steps: { type: "string", default: "3" },
  },
});
const { steps } = options;
const network = "cifar_resnet20_v1";
const batchSize = Number(options["batch-size"]);

await compareInTurn(
  `${network}, batch ${batchSize}`,
  "tfjs",
  Number(options.rounds),
  () =>
    overfoldBench({ network, batchSize, threads: "1", steps }, ["--set=model.convolution=conv"], {
      backend: "webgpu",
    }),
  () =>
    lastLine(Deno.execPath(), [
      ...["run", "--quiet", "--no-lock", "--allow-env", "--allow-read", "bench/tfjs/resnet20.ts"],
      ...["--batch-size", String(batchSize), "--steps", steps],
    ]),
);
