/**
 * Decoded images on disk: a file of pixels, and a journal of their locations. The journal is open for one
 * process at a time, which alone writes; any number may read. Data that an interruption left half written
 * has no record, and each record contains a checksum of its pixels.
 */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { DISK, type DiskFile, writeAll } from "../../files/disk.ts";
import { Journal, readJournal } from "../../files/journal.ts";

/** Bytes of an image's key. */
export const KEY_BYTES = 16;
const RECORD_BYTES = KEY_BYTES + 8 + 4 + 4 + 4;

/** An image in the file. */
export interface StoredPicture {
  /** Its key. */
  readonly key: Uint8Array;
  readonly offset: number;
  readonly height: number;
  readonly width: number;
  readonly checksum: number;
}

/** Paths of a cache folder's pixels and journal. */
export const filesIn = (folder: string) => ({
  pixels: join(folder, "pixels"),
  journal: join(folder, "index"),
});

/** Visits the stored images. */
export async function storedPictures(
  folder: string,
  visit: (picture: StoredPicture) => void,
): Promise<void> {
  await readJournal(filesIn(folder).journal, (record) => {
    if (record.length !== RECORD_BYTES) return;
    const view = new DataView(record.buffer, record.byteOffset + KEY_BYTES);
    visit({
      key: record.subarray(0, KEY_BYTES),
      offset: view.getFloat64(0),
      height: view.getUint32(8),
      width: view.getUint32(12),
      checksum: view.getUint32(16),
    });
  });
}

/** Adds images. */
export class PixelWriter {
  private constructor(
    private readonly journal: Journal,
    private readonly file: DiskFile,
    /** Offset of the next image. */
    private end: number,
  ) {}

  /**
   * Opens the files of a folder, created if missing; undefined while another process is writing.
   *
   * @param channels of its images
   */
  static async open(
    folder: string,
    channels: number,
    disk = DISK,
  ): Promise<PixelWriter | undefined> {
    const { pixels, journal: path } = filesIn(folder);
    const journal = await Journal.open(path, disk);
    if (!journal) return undefined;
    try {
      let end = 0;
      await storedPictures(folder, ({ offset, height, width }) => {
        end = Math.max(end, offset + height * width * channels);
      });
      const file = await disk.open(pixels, { write: true, create: true });
      await file.seek(end, Deno.SeekMode.Start);
      return new PixelWriter(journal, file, end);
    } catch (error) {
      journal.close();
      throw error;
    }
  }

  /** Bytes stored. */
  get bytes(): number {
    return this.end;
  }

  /** Adds an image and returns its location. Its record is buffered until {@link PixelWriter.flush}. */
  async add(
    { key, height, width, data }: Pick<StoredPicture, "key" | "height" | "width"> & {
      readonly data: Uint8Array;
    },
  ): Promise<StoredPicture> {
    const [offset, checksum] = [this.end, crc32(data)];
    await writeAll(this.file, data);
    this.end += data.length;
    const record = new Uint8Array(RECORD_BYTES);
    const view = new DataView(record.buffer, KEY_BYTES);
    record.set(key);
    view.setFloat64(0, offset);
    view.setUint32(8, height);
    view.setUint32(12, width);
    view.setUint32(16, checksum);
    await this.journal.add(record);
    return { key, offset, height, width, checksum };
  }

  /** Passes all records to the system. */
  async flush(): Promise<void> {
    await this.journal.flush();
  }

  /** Closes the files. */
  close(): void {
    this.journal.close();
    this.file.close();
  }
}
