/** Reads with an upper limit on the number of bytes. */

/**
 * The bytes of a file, at most `most` + 1.
 *
 * @param room Memory to read into if it is large enough, which is faster than new memory
 */
export async function readFileAtMost(
  path: string,
  most: number,
  room?: ArrayBuffer,
): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const bytes = room && room.byteLength > most
    ? new Uint8Array(room, 0, most + 1)
    : new Uint8Array(most + 1);
  let length = 0;
  while (length < bytes.length) {
    const read = await file.read(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** The bytes of a stream, at most `most` + 1. */
export async function readAtMost(
  stream: ReadableStream<Uint8Array>,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(most + 1);
  let length = 0;
  for await (const chunk of stream) {
    const part = chunk.subarray(0, bytes.length - length);
    bytes.set(part, length);
    length += part.length;
    if (length === bytes.length) break;
  }
  return bytes.subarray(0, length);
}
