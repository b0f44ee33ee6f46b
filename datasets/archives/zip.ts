/**
 * Reading `.zip` archives: what is in them as their directory says it, which a library reads; each file
 * is unpacked at once, to the size that was announced and no further, and its checksum compared.
 */
import { promisify } from "node:util";
import { crc32, inflateRawSync } from "node:zlib";
import { importLibrary } from "../../files/library.ts";
import { partOf } from "../../files/window.ts";
import type { ArchiveEntry, ReadOptions } from "./entry.ts";

const YAUZL = "npm:yauzl@3.4.0";

/** An entry as yauzl reads it. */
interface ZipEntry {
  readonly fileName: string;
  readonly compressionMethod: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly crc32: number;
  readonly externalFileAttributes: number;
  isEncrypted(): boolean;
}

/** What of yauzl is used. */
interface ZipFile {
  readonly fileSize: number;
  on(event: "entry", listener: (entry: ZipEntry) => void): void;
  on(event: "end", listener: () => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  readEntry(): void;
  readLocalFileHeader(
    entry: ZipEntry,
    options: { minimal: true },
    done: (error: Error | null, header: { fileDataStart: number }) => void,
  ): void;
  close(): void;
}

interface Yauzl {
  open(
    path: string,
    options: { lazyEntries: true; autoClose: false },
    done: (error: Error | null, file: ZipFile) => void,
  ): void;
}

/** Fetches the library. */
export async function loadZipReader(): Promise<Yauzl> {
  return (await importLibrary<{ default: Yauzl }>(YAUZL)).default;
}

/** Kinds of entries by the bits of Unix that say them; where none does, the name tells. */
const TYPES: Readonly<Record<number, string>> = {
  0o040000: "directory",
  0o100000: "file",
  0o120000: "symlink",
};

/** The entries of a `.zip`, in the order of its directory. Throws Error for what is damaged. */
export async function* zipEntries(
  archive: string,
  { tooLarge, maxBytes, onRead }: ReadOptions,
): AsyncGenerator<ArchiveEntry> {
  const yauzl = await loadZipReader();
  const zip = await promisify(yauzl.open)(archive, { lazyEntries: true, autoClose: false });
  try {
    let [read, unpacked] = [0, 0];
    for await (const entry of directoryOf(zip)) {
      const { fileName: name, uncompressedSize: size } = entry;
      unpacked += size;
      if (unpacked > maxBytes) throw tooLarge();
      const body = lazily(async () => {
        const bytes = await contentOf(archive, zip, entry);
        onRead(read += entry.compressedSize);
        return bytes;
      });
      yield { name, type: typeOf(entry), size, body };
    }
  } finally {
    zip.close();
  }
}

/** Asks for one entry after the other. */
async function* directoryOf(zip: ZipFile): AsyncGenerator<ZipEntry> {
  let settle = Promise.withResolvers<ZipEntry | undefined>();
  zip.on("entry", (entry) => settle.resolve(entry));
  zip.on("end", () => settle.resolve(undefined));
  zip.on("error", (error) => settle.reject(error));
  for (;;) {
    zip.readEntry();
    const entry = await settle.promise;
    if (!entry) return;
    settle = Promise.withResolvers();
    yield entry;
  }
}

function typeOf({ fileName, externalFileAttributes }: ZipEntry): string {
  const bits = (externalFileAttributes >>> 16) & 0o170000;
  if (bits === 0) return fileName.endsWith("/") ? "directory" : "file";
  return TYPES[bits] ?? "device";
}

/** A file's bytes. Throws Error if they are not what the directory says. */
async function contentOf(archive: string, zip: ZipFile, entry: ZipEntry): Promise<Uint8Array> {
  const { fileName, compressionMethod, compressedSize, uncompressedSize } = entry;
  const fail = (reason: string) => new Error(`${JSON.stringify(fileName)} ${reason}`);
  if (entry.isEncrypted()) throw fail("is encrypted");
  if (compressedSize > zip.fileSize) throw fail("is cut off");
  const read = promisify(zip.readLocalFileHeader).bind(zip);
  const { fileDataStart } = await read(entry, { minimal: true });
  const packed = partOf(archive, fileDataStart, compressedSize);
  if (packed.length < compressedSize) throw fail("is cut off");
  if (compressionMethod !== 0 && compressionMethod !== 8) {
    throw fail(`is packed by method ${compressionMethod}; expected 0 or 8`);
  }
  const bytes = compressionMethod === 0
    ? packed
    : new Uint8Array(inflateRawSync(packed, { maxOutputLength: uncompressedSize + 1 }));
  if (bytes.length === uncompressedSize && crc32(bytes) === entry.crc32) return bytes;
  throw fail("is damaged: its size or checksum is another than was announced");
}

/** A stream of what `make` makes, once somebody reads. */
function lazily(make: () => Promise<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      controller.enqueue(await make());
      controller.close();
    },
  }, { highWaterMark: 0 });
}
