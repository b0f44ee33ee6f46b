/** Files of lines that grow while they are read. */

import type { GrownText } from "../../pages/dashboard/data.ts";

/** Bytes that are read at once. */
const MAX_BYTES = 1 << 20;

const LINE_END = 10;

/**
 * The whole lines of a file from a byte on, at most a part of them; nothing if it is not there or no
 * plain file. Undefined if it is shorter than that: it has been cut back, or is another.
 */
export async function readGrown(path: string, from: number): Promise<GrownText | undefined> {
  const nothing = { text: "", end: from, isMore: false };
  const info = await Deno.stat(path).catch(() => undefined);
  // Who opens a pipe waits for its other end.
  if (!info?.isFile) return from === 0 ? nothing : undefined;
  if (info.size < from) return undefined;
  if (info.size === from) return nothing;
  using file = await Deno.open(path);
  await file.seek(from, Deno.SeekMode.Start);
  const bytes = new Uint8Array(Math.min(MAX_BYTES, info.size - from));
  let length = 0;
  while (length < bytes.length) {
    const count = await file.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  const found = bytes.lastIndexOf(LINE_END, length - 1) + 1;
  // No line that a run logs is as long.
  const whole = found === 0 && length === MAX_BYTES ? length : found;
  return {
    text: new TextDecoder().decode(bytes.subarray(0, whole)),
    end: from + whole,
    isMore: whole > 0 && from + whole < info.size,
  };
}
