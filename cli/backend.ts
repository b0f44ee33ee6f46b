/** Opening backends for commands. */

import type { Backend } from "../backends/backend.ts";
import { BACKEND_NAMES, type BackendOptions, openBackend } from "../backends/registry.ts";
import type { Config } from "../config/schema.ts";
import { fileTuningStore } from "../backends/webgpu/tuning_store.ts";
import type { Arguments, Context, Option } from "./command.ts";

/** The keys of a config that name a backend. */
type BackendChoice = Pick<BackendOptions, "backend" | "threads" | "precision">;

/** The same and its form, or the backend whose bits are to be repeated. */
type OpenedChoice = BackendChoice & Pick<BackendOptions, "form" | "repeat">;

/** The option `--backend`; `otherwise` says what is taken without it. */
export function backendOption(otherwise: string): Option {
  return {
    value: "NAME",
    help: `What computes: ${BACKEND_NAMES.join(", ")}; by default ${otherwise}`,
  };
}

/**
 * What `--backend` says, or else `otherwise`. Numbers of 16 bits are WebGPU's alone: the CPU, if
 * named, has all bits. Throws InputError for an unknown name.
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

/** Opens a backend; what there is to know about it is printed as a warning. */
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

/** A config's threads for each of `jobs` trainings that share the cores. */
export function splitThreads(
  threads: Config["threads"],
  jobs: number,
  cores = navigator.hardwareConcurrency,
): Config["threads"] {
  const { count, ...others } = typeof threads === "object" ? threads : { count: threads };
  const all = count === "auto" ? cores : count;
  return { partition: "static", ...others, count: Math.max(1, Math.floor(all / jobs)) };
}
