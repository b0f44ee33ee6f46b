/** ZIP archives for tests. */
import { crc32, deflateRawSync } from "node:zlib";

/** A file in an archive, with fields to override. */
export interface ZipFile {
  readonly name: string;
  readonly content: Uint8Array | string;
  /** 0: stored; 8, the default: deflated. */
  readonly method?: number;
  /** The size in its directory entry. */
  readonly size?: number;
  readonly sum?: number;
  readonly flags?: number;
  /** Unix mode bits. */
  readonly mode?: number;
}

/** An archive of these files, in order. */
export function zipOf(files: readonly ZipFile[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content, method = 8, flags = 0x800, mode = 0, ...said } of files) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const packed = method === 8 ? deflateRawSync(bytes) : bytes;
    const path = new TextEncoder().encode(name);
    const { size = bytes.length, sum = crc32(bytes) } = said;
    const common = [...u16(20, flags, method, 0, 0), ...u32(sum, packed.length, size)];
    const local = [...u32(0x04034b50), ...common, ...u16(path.length, 0), ...path];
    directory.push(
      Uint8Array.from([
        ...u32(0x02014b50),
        ...u16(0x0314),
        ...common,
        ...u16(path.length, 0, 0, 0, 0),
        ...u32(mode * 2 ** 16, offset),
        ...path,
      ]),
    );
    parts.push(Uint8Array.from(local), packed);
    offset += local.length + packed.length;
  }
  const length = directory.reduce((sum, { length }) => sum + length, 0);
  const count = files.length;
  const end = [...u32(0x06054b50), ...u16(0, 0, count, count), ...u32(length, offset), ...u16(0)];
  return joined([...parts, ...directory, Uint8Array.from(end)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const u16 = (...numbers: number[]) => numbers.flatMap((n) => [n & 0xff, n >>> 8 & 0xff]);
const u32 = (...numbers: number[]) => numbers.flatMap((n) => u16(n & 0xffff, n >>> 16));
