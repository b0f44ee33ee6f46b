/**
 * Reads `.zip` archives: a library reads the directory; each file is unpacked here, at most to its stated
 * size, and its checksum verified.
 */
import { promisify } from "node:util";
import { crc32, inflateRawSync } from "node:zlib";
import { importLibrary } from "../../files/library.ts";
import { FileWindow } from "../../files/window.ts";
import type { ArchiveEntry, ReadOptions } from "./entry.ts";

const YAUZL = "npm:yauzl@3.4.0";

/** An entry from yauzl. */
interface ZipEntry {
  readonly fileName: string;
  readonly compressionMethod: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly crc32: number;
  readonly externalFileAttributes: number;
  readonly relativeOffsetOfLocalHeader: number;
  isEncrypted(): boolean;
}

/** The part of yauzl's interface used here. */
interface ZipFile {
  on(event: "entry", listener: (entry: ZipEntry) => void): void;
  on(event: "end", listener: () => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  readEntry(): void;
  close(): void;
}

/** The library's reader interface. */
interface Reader {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null, count: number) => void,
  ): void;
  close(done: () => void): void;
}

interface Yauzl {
  readonly RandomAccessReader: new () => Reader;
  fromRandomAccessReader(
    reader: Reader,
    size: number,
    options: { lazyEntries: true; autoClose: false },
    done: (error: Error | null, file: ZipFile) => void,
  ): void;
}

/** Fetches the library. */
export async function loadZipReader(): Promise<Yauzl> {
  return (await importLibrary<{ default: Yauzl }>(YAUZL)).default;
}

/** Kinds of entries by Unix mode bits; without them, the name decides. */
const TYPES: Readonly<Record<number, string>> = {
  0o040000: "directory",
  0o100000: "file",
  0o120000: "symlink",
};

/** The entries of a `.zip`, in directory order. Throws Error if it is damaged. */
export async function* zipEntries(
  archive: string,
  { tooLarge, maxBytes, onRead }: ReadOptions,
): AsyncGenerator<ArchiveEntry> {
  const yauzl = await loadZipReader();
  using file = new FileWindow(archive);
  const open = promisify(yauzl.fromRandomAccessReader);
  const options = { lazyEntries: true, autoClose: false } as const;
  const zip = await open(readerOf(yauzl, file), file.size, options);
  try {
    let [read, unpacked] = [0, 0];
    for await (const entry of directoryOf(zip)) {
      const { fileName: name, uncompressedSize: size } = entry;
      unpacked += size;
      if (unpacked > maxBytes) throw tooLarge();
      const body = lazily(() => {
        const bytes = contentOf(file, entry);
        onRead(read += entry.compressedSize);
        return bytes;
      });
      yield { name, type: typeOf(entry), size, body };
    }
  } finally {
    zip.close();
  }
}

/** Reads for the library, whose own reader crashes on offsets beyond any file. */
function readerOf({ RandomAccessReader }: Yauzl, file: FileWindow): Reader {
  const own: Reader = {
    read(buffer, offset, length, position, done) {
      const bytes = position < file.size ? file.at(position, length) : new Uint8Array();
      buffer.set(bytes, offset);
      done(null, bytes.length);
    },
    close: (done) => done(),
  };
  return Object.assign(new RandomAccessReader(), own);
}

/** Requests one entry after the other. */
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

/** Bytes of the header before a file's content, excluding two parts of variable length. */
const HEADER = { signature: 0x04034b50, bytes: 30, nameLength: 26, extraLength: 28 };

/** A file's bytes. Throws Error if they do not match the directory. */
function contentOf(file: FileWindow, entry: ZipEntry): Uint8Array {
  const { fileName, compressionMethod, compressedSize, uncompressedSize } = entry;
  const { relativeOffsetOfLocalHeader: offset } = entry;
  const fail = (reason: string) => new Error(`${JSON.stringify(fileName)} ${reason}`);
  if (entry.isEncrypted()) throw fail("is encrypted");
  const header = file.at(offset, HEADER.bytes);
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  if (header.length < HEADER.bytes || view.getUint32(0, true) !== HEADER.signature) {
    throw fail("is not at its stated offset");
  }
  const start = offset + HEADER.bytes + view.getUint16(HEADER.nameLength, true) +
    view.getUint16(HEADER.extraLength, true);
  if (start + compressedSize > file.size) throw fail("is truncated");
  const packed = file.at(start, compressedSize);
  if (compressionMethod !== 0 && compressionMethod !== 8) {
    throw fail(`uses compression method ${compressionMethod}; expected 0 or 8`);
  }
  const bytes = compressionMethod === 0
    ? packed.slice()
    : new Uint8Array(inflateRawSync(packed, { maxOutputLength: uncompressedSize + 1 }));
  if (bytes.length === uncompressedSize && crc32(bytes) === entry.crc32) return bytes;
  throw fail("is damaged: its size or checksum does not match the archive's directory");
}

/** The stream from `make`, which is called on the first read. */
function lazily(make: () => Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(make());
      controller.close();
    },
  }, { highWaterMark: 0 });
}
