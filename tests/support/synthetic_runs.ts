/** Run folders made without training: a config and logs. */
import { formatConfig, parseConfig } from "../../config/load.ts";
import { CONFIG_HEAD, lockOf, runFile } from "../../training/run_files.ts";

/** Options of such a run. */
export interface SyntheticRun {
  readonly seed?: number;
  readonly convolution?: string;
  readonly learningRate?: number;
  /** Epochs in its config. Default 4. */
  readonly epochs?: number;
  /** Epochs that are logged. Default all. */
  readonly logged?: number;
}

/** Writes a run into `folder`. */
export async function writeRun(folder: string, options: SyntheticRun = {}): Promise<void> {
  const { seed = 0, convolution = "do_conv", learningRate = 0.1, epochs = 4 } = options;
  const { config } = parseConfig({
    seed,
    data: { dataset: "cifar10" },
    model: { name: "cifar_resnet20_v1", convolution },
    training: { epochs, optimizer: { name: "sgd", learningRate } },
  }, "synthetic");
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(runFile(folder, "config"), CONFIG_HEAD + formatConfig(config));
  await Deno.writeTextFile(lockOf(folder), "");
  for (const log of ["metrics", "timing"] as const) {
    await Deno.writeTextFile(runFile(folder, log), "");
  }
  for (let epoch = 1; epoch <= (options.logged ?? epochs); epoch++) await logEpoch(folder, epoch);
}

/** Steps per epoch. */
const STEPS = 10;

/** Appends an epoch, with a validation accuracy of `epoch` percent, to a run's logs. */
export async function logEpoch(folder: string, epoch: number): Promise<void> {
  const rates = { learningRate: 0.1 };
  const steps = Array.from({ length: STEPS }, (_, i) => ({
    ...{ event: "step", epoch, step: (epoch - 1) * STEPS + i + 1, ...rates },
    loss: 1 / (epoch + i / STEPS),
  }));
  const end = {
    ...{ event: "epoch", epoch, step: epoch * STEPS, ...rates },
    ...{ loss: 1 / epoch, accuracy: epoch / 100, validLoss: 1.5 / epoch },
    validAccuracy: epoch / 100,
  };
  const time = {
    ...{ step: epoch * STEPS, epoch, seconds: 10, validation: 1, dataWait: 0, images: 900 },
    memory: 2 ** 28,
  };
  await append(runFile(folder, "metrics"), [...steps, end]);
  await append(runFile(folder, "timing"), [time]);
}

async function append(path: string, entries: readonly unknown[]): Promise<void> {
  const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  await Deno.writeTextFile(path, text, { append: true });
}

/** Locks a run as a training does, until disposed of. */
export async function holdRun(folder: string): Promise<Deno.FsFile> {
  const file = await Deno.open(lockOf(folder), { write: true });
  await file.lock(true);
  return file;
}
