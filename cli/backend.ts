/** Opening backends for commands. */

import type { Backend } from "../backends/backend.ts";
import { BACKEND_NAMES, type BackendOptions, openBackend } from "../backends/registry.ts";
import type { Config } from "../config/schema.ts";
import { fileTuningStore } from "../backends/webgpu/tuning_store.ts";
import type { Arguments, Context, Option } from "./command.ts";

/** The config keys that choose a backend. */
type BackendChoice = Pick<BackendOptions, "backend" | "threads" | "precision">;

/** The same with its form, or the backend whose results should be reproduced bit for bit. */
type OpenedChoice = BackendChoice & Pick<BackendOptions, "form" | "repeat">;

/** The option `--backend`; `otherwise` names the default. */
export function backendOption(otherwise: string): Option {
  return {
    value: "NAME",
    help: `Compute backend: ${BACKEND_NAMES.join(", ")}; by default ${otherwise}`,
  };
}

/**
 * The backend named by `--backend`, or else `otherwise`. Only WebGPU computes with 16 bits: the CPU,
 * if named, computes with 32. Throws InputError for an unknown name.
 */
export function chosenBackend(args: Arguments, otherwise: BackendChoice): BackendChoice {
  const backend = args.choice("backend", BACKEND_NAMES);
  if (backend === undefined) return otherwise;
  const { precision } = otherwise;
  return {
    ...otherwise,
    backend,
    precision: backend === "cpu" && precision === "mixed" ? "fast" : precision,
  };
}

/** Opens a backend and prints its notices as warnings. */
export function openChosen(
  { backend, threads, precision, form, repeat }: OpenedChoice,
  { progress }: Context,
): Promise<Backend> {
  return openBackend({
    backend,
    threads,
    precision,
    form,
    repeat,
    tuning: fileTuningStore(),
    onNotice: (line) => progress.print(`warning: ${line}`),
  });
}

/** The threads for each of `jobs` trainings that share the cores. */
export function splitThreads(
  threads: Config["threads"],
  jobs: number,
  cores = navigator.hardwareConcurrency,
): Config["threads"] {
  const { count, ...others } = typeof threads === "object" ? threads : { count: threads };
  const all = count === "auto" ? cores : count;
  return { partition: "static", ...others, count: Math.max(1, Math.floor(all / jobs)) };
}
