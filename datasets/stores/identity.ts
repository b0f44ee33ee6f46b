/** Which file it is, and as of when. */
import { resolve } from "node:path";
import { isSettled, stampOf } from "../../files/stamp.ts";

/** Changes when a file does; undefined where that cannot be told. */
export function identityOfFile(path: string): string | undefined {
  try {
    const full = resolve(path);
    const [device, number, size, changed] = stampOf(Deno.statSync(full));
    // Another change might leave the time as it is.
    if (!isSettled([device, number, size, changed, 0], Date.now())) return undefined;
    return `${full} ${size} ${changed}`;
  } catch {
    // Whoever reads it says what is wrong.
    return undefined;
  }
}
