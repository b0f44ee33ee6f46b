/** What fits into memory, told before it is taken. */
import { InputError } from "../errors.ts";
import { formatBytes } from "../reporting/format.ts";

/** Bytes that one array can have in V8. */
const LARGEST_ARRAY = 2 ** 34;

/**
 * Throws InputError for more bytes than an array can have or, where it may be asked
 * (`--allow-sys=systemMemoryInfo`), than this machine has.
 *
 * @param what what takes them, with its verb, as in `12 images take`
 * @param limit how many bytes may be taken in any case
 */
export function requireMemory(bytes: number, what: string, limit = LARGEST_ARRAY): void {
  const most = Math.min(limit, memoryOfMachine());
  if (bytes <= most) return;
  throw new InputError(
    `${what} ${formatBytes(bytes)}; there is room for ${
      formatBytes(most)
    }: choose fewer or smaller ones`,
  );
}

/** Bytes of memory that this machine has; Infinity where it may not be asked. */
export function memoryOfMachine(): number {
  return memoryInfo()?.total ?? Infinity;
}

/** Bytes of it that nothing takes up now; Infinity where it may not be asked. */
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
