/**
 * Inference speed against ONNX Runtime's CPU provider on the same machine: `overfold bench
 * --inference` and `infer.ts` in turn, with the same number of threads.
 *
 *     deno run --allow-run bench/onnxruntime/compare.ts [--network cifar_resnet20_v1]
 *         [--batch-size 64] [--threads 2] [--rounds 7] [--steps 20] [--form avx2]
 *
 * `--form` is that of `overfold bench`.
 */
import { parseArgs } from "node:util";
import { compareInTurn, lastLine, overfoldBench } from "../rival.ts";

const { values: options } = parseArgs({
  options: {
    network: { type: "string", default: "cifar_resnet20_v1" },
    "batch-size": { type: "string", default: "64" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "7" },
    steps: { type: "string", default: "20" },
    form: { type: "string" },
  },
});
const { network, threads, steps } = options;
const batchSize = Number(options["batch-size"]);

await compareInTurn(
  `${network}, batch ${batchSize}`,
  "onnxruntime",
  Number(options.rounds),
  () =>
    overfoldBench({ network, batchSize, threads, steps }, ["--inference"], {
      form: options.form,
    }),
  () =>
    lastLine(Deno.execPath(), [
      ...["run", "--quiet", "--allow-all", "bench/onnxruntime/infer.ts", "--network", network],
      ...["--batch-size", String(batchSize), "--threads", threads, "--steps", steps],
    ]),
);
