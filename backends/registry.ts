/** Backends by the names configs use. */
import { InputError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { cpuBackend } from "./wasm/mod.ts";

/** Which backend to open; the keys of the same names in a config. */
export interface BackendOptions {
  /** `auto` takes the fastest there is. Default `auto`. */
  readonly backend?: "auto" | "cpu" | "webgpu";
  /** Threads of the CPU backend. Default `auto`: one per core. */
  readonly threads?: number | "auto";
}

/** Opens a backend. Rejects with InputError for one that is not to be had. */
// deno-lint-ignore require-await -- opening a GPU waits
export async function openBackend(
  { backend = "auto", threads = "auto" }: BackendOptions = {},
): Promise<Backend> {
  if (backend === "webgpu") {
    throw new InputError(
      "backend is webgpu, which this version does not have yet; set backend to cpu or auto",
    );
  }
  return cpuBackend({ threads });
}
