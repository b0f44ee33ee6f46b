/**
 * Training speed against PyTorch on the same machine: `overfold bench` and `train.py` in turn.
 *
 *     deno run --allow-run bench/pytorch/compare.ts [--network cifar_resnet20_v1] [--rounds 7]
 *         [--steps 10] [--threads 2] [--plain] [--form avx2]
 *
 * Needs a Python with torch and, for MobileNets, torchvision (Debian: python3-torch,
 * python3-torchvision). `--plain` compares plain convolutions. `--form` is that of `overfold
 * bench`; `avx2` limits PyTorch to AVX2 as well, which separates vector width from quality of the
 * code.
 */
import { parseArgs } from "node:util";
import { compareInTurn, lastLine, overfoldBench } from "../rival.ts";

const { values: options } = parseArgs({
  options: {
    network: { type: "string", default: "cifar_resnet20_v1" },
    rounds: { type: "string", default: "7" },
    steps: { type: "string", default: "10" },
    threads: { type: "string", default: "2" },
    python: { type: "string", default: "/usr/bin/python3" },
    plain: { type: "boolean", default: false },
    form: { type: "string" },
  },
});

/** The batch size for each network; ImageNet's networks see images of 224 × 224. */
const BATCH_SIZES: Readonly<Record<string, number>> = {
  cifar_resnet20_v1: 128,
  cifar_resnet56_v1: 128,
  resnet18: 16,
  resnet50: 8,
  mobilenet_v2: 16,
  mobilenet_v3_small: 16,
  mobilenet_v3_large: 16,
};
const batchSize = BATCH_SIZES[options.network];
if (batchSize === undefined) {
  console.error(`--network is ${options.network}; expected ${Object.keys(BATCH_SIZES).join(", ")}`);
  Deno.exit(2);
}

/** Environment variables of PyTorch's libraries. */
const HELD_TO_AVX2 = {
  ATEN_CPU_CAPABILITY: "avx2",
  ONEDNN_MAX_CPU_ISA: "AVX2",
  MKL_ENABLE_INSTRUCTIONS: "AVX2",
};

const { network, threads, steps } = options;
const plain = options.plain ? ["--plain"] : [];

function ours(): Promise<Record<string, number>> {
  const convolution = options.plain ? "conv" : "do_conv";
  return overfoldBench(
    { network, batchSize, threads, steps },
    [`--set=model.convolution=${convolution}`],
    { form: options.form },
  );
}

function theirs(): Promise<Record<string, number>> {
  return lastLine(options.python, [
    ...["bench/pytorch/train.py", "--network", network, "--batch-size", String(batchSize)],
    ...["--steps", steps, "--threads", threads, ...plain],
  ], options.form === "avx2" ? HELD_TO_AVX2 : {});
}

await compareInTurn(
  `${network}, batch ${batchSize}`,
  "pytorch",
  Number(options.rounds),
  ours,
  theirs,
);
