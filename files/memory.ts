/** Checks that data fits into memory before it is allocated. */
import { InputError } from "../errors.ts";
import { formatBytes } from "../reporting/format.ts";

/** Largest array in V8, in bytes. */
const LARGEST_ARRAY = 2 ** 34;

/**
 * Throws InputError for more bytes than an array can have or, if it may be queried
 * (`--allow-sys=systemMemoryInfo`), than this machine has.
 *
 * @param what subject and verb of the message, as in `12 images take`
 * @param limit most bytes in any case
 */
export function requireMemory(bytes: number, what: string, limit = LARGEST_ARRAY): void {
  const most = Math.min(limit, memoryOfMachine());
  if (bytes <= most) return;
  throw new InputError(
    `${what} ${formatBytes(bytes)}; expected at most ${
      formatBytes(most)
    }: choose fewer or smaller ones`,
  );
}

/** Bytes of memory of this machine; Infinity if it may not be queried. */
export function memoryOfMachine(): number {
  return memoryInfo()?.total ?? Infinity;
}

/** Bytes of available memory; Infinity if it may not be queried. */
export function freeMemory(): number {
  return memoryInfo()?.available ?? Infinity;
}

function memoryInfo(): Deno.SystemMemoryInfo | undefined {
  try {
    return Deno.systemMemoryInfo();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}
