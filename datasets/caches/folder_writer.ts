/** Writes images into a cache folder, for all splits of this process that use it. */
import { refusalOf } from "../../files/refusal.ts";
import { formatBytes } from "../../reporting/format.ts";
import { PixelWriter, type StoredPicture } from "./pixel_file.ts";

/** An image to be written. */
interface PictureToWrite {
  /** Its key; undefined if it must not be written after all. */
  key(): Uint8Array | undefined;
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array;
  /** Receives its location. */
  onWritten(picture: StoredPicture): void;
}

/** Options of writing to a folder. */
interface FolderOptions {
  readonly folder: string;
  readonly channels: number;
  /** Most bytes of pixels. */
  readonly most: number;
  readonly onNotice: (line: string) => void;
}

/** Most bytes waiting to be written; further images are dropped. */
export const MAX_WAITING = 2 ** 27;

const WRITERS = new Map<string, FolderWriter>();

/** Writes in the order of the calls. The first failure is reported and stops all writing. */
export class FolderWriter {
  #queue: Promise<void> = Promise.resolve();
  #writer: PixelWriter | undefined;
  #isOver = false;
  #waiting = 0;

  /** The writer of a folder, shared by all callers. */
  static of(options: FolderOptions): FolderWriter {
    const writer = WRITERS.get(options.folder) ?? new FolderWriter(options);
    WRITERS.set(options.folder, writer);
    return writer;
  }

  private constructor(private readonly options: FolderOptions) {}

  /** Writes images eventually. */
  write(pictures: readonly PictureToWrite[]): void {
    if (this.#isOver) return;
    const taken = pictures.filter(({ data }) => {
      const fits = this.#waiting + data.length <= MAX_WAITING;
      if (fits) this.#waiting += data.length;
      return fits;
    });
    this.#queue = this.#queue.then(() => this.#writeNow(taken));
  }

  /** Closes the files once everything is written. */
  async release(): Promise<void> {
    this.#queue = this.#queue.then(() => this.#close());
    await this.#queue;
  }

  async #writeNow(pictures: readonly PictureToWrite[]): Promise<void> {
    try {
      for (const { key: keyOf, onWritten, ...picture } of pictures) {
        this.#waiting -= picture.data.length;
        const key = this.#isOver ? undefined : keyOf();
        const writer = key && await this.#open();
        if (!writer) continue;
        if (writer.bytes + picture.data.length > this.options.most) {
          this.#end(`${formatBytes(this.options.most)} are full`);
        } else {
          onWritten(await writer.add({ key, ...picture }));
        }
      }
      await this.#writer?.flush();
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      this.#end(refusal);
    }
    if (this.#isOver) this.#close();
  }

  async #open(): Promise<PixelWriter | undefined> {
    const { folder, channels } = this.options;
    this.#writer ??= await PixelWriter.open(folder, channels);
    if (!this.#writer) this.#end("another process is writing there");
    return this.#writer;
  }

  #end(reason: string): void {
    this.#isOver = true;
    this.options.onNotice(
      `data.cache: ${this.options.folder}: ${reason}; other images are decoded each time`,
    );
  }

  #close(): void {
    this.#writer?.close();
    this.#writer = undefined;
  }
}
