/**
 * What ranks cost on one machine: in turn, trainings of one rank with all threads, and of several
 * ranks that share the threads. All train on the same shards.
 *
 *     deno run --allow-read --allow-write --allow-run --allow-env bench/ranks.ts \
 *         [--network cifar_resnet20_v1] [--ranks 2] [--threads 2] [--rounds 7] [--steps 60] [--pytorch]
 *
 * Needs `mpirun`. `--pytorch` measures its DistributedDataParallel over gloo instead of one rank.
 */
import { parseArgs } from "node:util";
import { join } from "@std/path";
import { compareInTurn, lastLine } from "./rival.ts";

const { values: options } = parseArgs({
  options: {
    network: { type: "string", default: "cifar_resnet20_v1" },
    "batch-size": { type: "string" },
    ranks: { type: "string", default: "2" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "7" },
    steps: { type: "string", default: "60" },
    pytorch: { type: "boolean", default: false },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const { network } = options;
const [ranks, threads, steps] = [options.ranks, options.threads, options.steps].map(Number);
const isSmall = network.startsWith("cifar");
const batchSize = Number(options["batch-size"] ?? (isSmall ? 128 : 16));
/** The first is not counted. */
const EPOCHS = 3;

const ROOT = new URL("../", import.meta.url);
/** Lets Open MPI run as root, as in a container. */
const ROOT_ALLOWED = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

/** Trains on `size` ranks; images per second, without validations and the first epoch. */
async function train(size: number): Promise<{ imagesPerSecond: number }> {
  const folder = await Deno.makeTempDir();
  try {
    const call = [
      ...["deno", "task", "--quiet", size > 1 ? "train:mpi" : "train", "examples/cifar10.yaml"],
      `--output=${join(folder, "run")}`,
      ...[
        "backend=cpu",
        `threads=${threads / size}`,
        `data.dataset={name: synthetic, imageSize: ${isSmall ? 32 : 224}, trainCount: ${
          steps * batchSize
        }, testCount: 1}`,
        `data.batchSize=${batchSize}`,
        `data.shards=${ranks}`,
        `model.name=${network}`,
        `training.epochs=${EPOCHS}`,
      ].map((value) => `--set=${value}`),
    ];
    const [command, ...args] = size > 1
      ? ["mpirun", "-np", String(size), "--bind-to", "none", ...call]
      : call;
    const { code, stderr } = await new Deno.Command(command, {
      args,
      cwd: ROOT,
      env: ROOT_ALLOWED,
      stdout: "null",
    }).output();
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
    const log = await Deno.readTextFile(join(folder, "run", "timing.jsonl"));
    const rows = log.trim().split("\n").map((line) => JSON.parse(line)).slice(-(EPOCHS - 1));
    const sum = (of: (row: Record<string, number>) => number) =>
      rows.reduce((sum, row) => sum + of(row), 0);
    return {
      imagesPerSecond: sum(({ images }) => images) /
        sum(({ seconds, validation }) => seconds - validation),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Starts processes as torchrun does, which fails in Debian's PyTorch 1.13. */
async function distributed(): Promise<Record<string, number>> {
  const shared = { WORLD_SIZE: String(ranks), MASTER_ADDR: "127.0.0.1", MASTER_PORT: "29500" };
  const [first] = await Promise.all(
    Array.from({ length: ranks }, (_, rank) =>
      lastLine(options.python, [
        ...["bench/pytorch/train.py", "--network", network],
        ...["--batch-size", String(batchSize / ranks), "--steps", options.steps],
        ...["--threads", String(threads / ranks)],
      ], { ...shared, RANK: String(rank), OMP_NUM_THREADS: String(threads / ranks) })),
  );
  return first;
}

await compareInTurn(
  `${network}, batch ${batchSize}, ${ranks} ranks of ${threads / ranks} threads`,
  options.pytorch ? "pytorch ddp" : "one rank",
  Number(options.rounds),
  () => train(ranks),
  options.pytorch ? distributed : () => train(1),
);
