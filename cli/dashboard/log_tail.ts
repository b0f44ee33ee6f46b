/** Reads files of lines while they grow. */

import type { GrownText } from "../../pages/dashboard/data.ts";

/** Bytes per read. */
const MAX_BYTES = 1 << 20;

const LINE_END = 10;

/**
 * The complete lines of a file from a byte position, up to a limit; empty if it is missing or not a
 * regular file. Undefined if it is shorter than the position: it was truncated or replaced.
 */
export async function readLogTail(path: string, from: number): Promise<GrownText | undefined> {
  const nothing = { text: "", end: from, isMore: false };
  const info = await Deno.stat(path).catch(() => undefined);
  // Opening a pipe blocks until its other end is opened.
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
  // No logged line is that long.
  const whole = found === 0 && length === MAX_BYTES ? length : found;
  return {
    text: new TextDecoder().decode(bytes.subarray(0, whole)),
    end: from + whole,
    isMore: whole > 0 && from + whole < info.size,
  };
}
