/** Identifies a file and its version. */
import { resolve } from "node:path";
import { isSettled, stampOf } from "../../files/stamp.ts";

/** Changes when a file does; undefined if unknown. */
export function identityOfFile(path: string): string | undefined {
  try {
    const full = resolve(path);
    const [device, number, size, changed] = stampOf(Deno.statSync(full));
    // Another change might leave the timestamp unchanged.
    if (!isSettled([device, number, size, changed, 0], Date.now())) return undefined;
    return `${full} ${size} ${changed}`;
  } catch {
    // Reading the file will report the problem.
    return undefined;
  }
}
