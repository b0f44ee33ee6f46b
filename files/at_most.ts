/** Reading what may be longer than it can be meant to be. */

/**
 * The bytes of a file: `most` and one more at most.
 *
 * @param room Memory to read them into, if it is large enough; new memory takes its time.
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

/** The bytes of a stream: `most` and one more at most, whatever it would go on to bring. */
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
