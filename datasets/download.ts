/**
 * Downloads one file from the first of several sources that has it.
 *
 * The bytes are collected in `PATH.part`, so an interrupted transfer resumes where it stopped, in this run
 * or the next. Every source is tried once per round; between rounds the wait doubles. A source that fails
 * permanently (404, a wrong checksum twice, a file that is too large) is not tried again. The file appears
 * under its name only once its length and checksum are correct.
 */
import { basename, dirname } from "node:path";
import { RunError } from "../errors.ts";
import { DISK, writeAll } from "../files/disk.ts";
import { type Checksum, digestOfFile, hasDigest } from "../files/checksum.ts";
import { causeOf, Failure, statusFailure, unreachable } from "./download_failure.ts";
import { fetchFollowing } from "./follow.ts";
import { StallWatch } from "./stall_watch.ts";

/** The progress of a download. */
export interface DownloadProgress {
  /** Name of the file. */
  readonly file: string;
  /** Whether it is complete and being unpacked. */
  readonly isUnpacking?: boolean;
  /** Bytes downloaded, or unpacked, so far. */
  readonly received: number;
  /** Total bytes; undefined until the server states it. */
  readonly total: number | undefined;
}

/** Options of {@link download}. */
export interface DownloadOptions {
  /** Path of the file. */
  readonly path: string;
  /** Its sources, best first. */
  readonly urls: readonly string[];
  /** Its checksum; without it only the length that the server states is checked. */
  readonly checksum?: Checksum;
  /** Most bytes; a source that sends more is abandoned. Default: unlimited. */
  readonly maxBytes?: number;
  /** Rounds through the sources. Default 5. */
  readonly rounds?: number;
  /** Milliseconds before the second round; doubled before each further one. Default 500. */
  readonly firstDelay?: number;
  /** Milliseconds in which a transfer must average 1 KiB per second. Default 30,000. */
  readonly stallTimeout?: number;
  /** Whether a host that cannot be reached is tried again in the next round. Default true. */
  readonly retryUnreachable?: boolean;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Waits the given number of milliseconds; replaced in tests. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

/** A download that no source could serve. */
export class DownloadError extends RunError {
  override name = "DownloadError";
  /** @param failures every source and the reason it failed */
  constructor(
    readonly file: string,
    readonly failures: readonly { readonly source: string; readonly reason: string }[],
  ) {
    super(
      `${file} could not be downloaded:` +
        failures.map(({ source, reason }) => `\n  ${source}: ${reason}`).join(""),
    );
  }
}

/** Interruptions after which a transfer that makes progress is still resumed at once. */
const MAX_RESUMES = 50;
const LONGEST_DELAY = 30_000;

interface Source {
  readonly url: string;
  reason: string;
  givenUp: boolean;
  /** Digest of the wrong content it served last. */
  wrongDigest?: string;
}

/**
 * Downloads to `path`, replacing an existing file. Throws {@link DownloadError} if no source could serve it.
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { path, rounds = 5, firstDelay = 500, sleep = wait } = options;
  const sources: Source[] = options.urls.map((url) => ({ url, reason: "", givenUp: false }));
  await Deno.mkdir(dirname(path), { recursive: true });
  const transfer = new Transfer(options);
  for (let round = 0; round < rounds; round++) {
    const remaining = sources.filter((source) => !source.givenUp);
    if (remaining.length === 0) break;
    if (round > 0) await sleep(Math.min(firstDelay * 2 ** (round - 1), LONGEST_DELAY));
    for (const source of remaining) {
      try {
        await transfer.fetchFrom(source);
        await DISK.rename(transfer.part, path);
        return;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        source.reason = error.message;
        source.givenUp = error.outlook === "permanent";
      }
    }
  }
  throw new DownloadError(
    basename(path),
    sources.map(({ url, reason }) => ({ source: url, reason })),
  );
}

/** The growing `.part` file and its state. */
class Transfer {
  readonly part: string;
  readonly #options: DownloadOptions;
  /** The source of its bytes, with the strong ETag that identifies their version. */
  #validator: { url: string; etag: string } | undefined;
  /** Whether its bytes come from more than one response. */
  #assembled = false;
  #resumes = 0;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.part = `${options.path}.part`;
  }

  /** Completes the part from one source and verifies it. Throws Failure. */
  async fetchFrom(source: Source): Promise<void> {
    const { firstDelay = 500, sleep = wait } = this.#options;
    while (true) {
      const before = await this.#size();
      try {
        await this.#receive(source.url);
        if (await this.#verify(source)) return;
      } catch (error) {
        const cut = error instanceof Failure && error.outlook === "cut";
        if (!cut || await this.#size() <= before || this.#resumes++ >= MAX_RESUMES) throw error;
        await sleep(firstDelay);
      }
    }
  }

  /** One request: appends to the part, or restarts it if the server does not resume. */
  async #receive(url: string): Promise<void> {
    if (await this.#size() > this.#maxBytes) await this.#discard();
    const offset = this.#mayContinue(url) ? await this.#size() : 0;
    const headers = new Headers({ "accept-encoding": "identity" });
    if (offset > 0) {
      headers.set("range", `bytes=${offset}-`);
      if (this.#validator?.url === url) headers.set("if-range", this.#validator.etag);
    }
    using watch = new StallWatch(this.#options.stallTimeout ?? 30_000);
    let response: Response;
    try {
      response = await fetchFollowing(url, { headers, signal: watch.signal });
    } catch (error) {
      if (watch.stalled) throw new Failure(watch.message);
      if (error instanceof Failure) throw error;
      throw unreachable(error, this.#options.retryUnreachable ?? true);
    }
    if (response.status === 416 && offset > 0) {
      await response.body?.cancel();
      // The part is already the whole file, or not the beginning of this one.
      if (response.headers.get("content-range") === `bytes */${offset}`) {
        this.#assembled = true;
        return;
      }
      await this.#discard();
      return await this.#receive(url);
    }
    if (response.status !== 200 && response.status !== 206) {
      await response.body?.cancel();
      throw statusFailure(response);
    }
    const total = response.status === 206
      ? await this.#rangeTotal(response, offset)
      : this.#wholeTotal(response, url);
    if (total !== undefined && total > this.#maxBytes) {
      await response.body?.cancel();
      throw this.#tooLarge(`the server's has ${total} bytes`);
    }
    await this.#append(response, response.status === 206 ? offset : 0, total, watch);
  }

  /**
   * Whether the part's bytes may be kept: the checksum will verify them, or they came from the same
   * address and the server will (by its ETag).
   */
  #mayContinue(url: string): boolean {
    return this.#options.checksum !== undefined || this.#validator?.url === url;
  }

  async #rangeTotal(response: Response, offset: number): Promise<number | undefined> {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
    if (Number(range?.[1] ?? NaN) !== offset) {
      await response.body?.cancel();
      await this.#discard();
      throw new Failure("the server sent another part of the file than requested");
    }
    this.#assembled = true;
    return range?.[2] === "*" ? undefined : Number(range?.[2]);
  }

  #wholeTotal(response: Response, url: string): number | undefined {
    const etag = response.headers.get("etag");
    this.#validator = etag?.startsWith('"') ? { url, etag } : undefined;
    this.#assembled = false;
    const length = response.headers.get("content-length");
    return length === null || response.headers.has("content-encoding") ? undefined : Number(length);
  }

  async #append(
    response: Response,
    offset: number,
    total: number | undefined,
    watch: StallWatch,
  ): Promise<void> {
    const { path, onProgress } = this.#options;
    using file = await Deno.open(this.part, { write: true, create: true, truncate: offset === 0 });
    await file.seek(offset, Deno.SeekMode.Start);
    let received = offset;
    const report = () => onProgress?.({ file: basename(path), received, total });
    report();
    const chunks = (response.body ?? new Blob().stream()).getReader();
    while (true) {
      let chunk: ReadableStreamReadResult<Uint8Array>;
      try {
        chunk = await chunks.read();
      } catch (error) {
        if (!watch.stalled) throw new Failure(`cut: ${causeOf(error)}`, "cut");
        throw new Failure(watch.message, watch.drips ? "passing" : "cut");
      }
      if (chunk.done) break;
      watch.move(chunk.value.length);
      received += chunk.value.length;
      if (received > this.#maxBytes) {
        await chunks.cancel();
        await this.#discard();
        throw this.#tooLarge("the server sends more bytes");
      }
      await writeAll(file, chunk.value);
      report();
    }
    if (total !== undefined && received !== total) {
      throw new Failure(`the transfer ended after ${received} of ${total} bytes`, "cut");
    }
    await file.sync();
  }

  /** Whether the part is correct; false requests it once more from the start. Throws Failure. */
  async #verify(source: Source): Promise<boolean> {
    const { checksum } = this.#options;
    if (!checksum) return true;
    const digest = await digestOfFile(this.part, checksum.algorithm);
    if (hasDigest(digest, checksum)) return true;
    const size = await this.#size();
    await this.#discard();
    // Bytes of different responses may not match; one complete response decides.
    if (this.#assembled) return false;
    const repeated = source.wrongDigest === digest;
    source.wrongDigest = digest;
    throw new Failure(
      `wrong content: its ${size} bytes have the checksum ${checksum.algorithm}:${digest}, ` +
        `expected ${checksum.algorithm}:${checksum.digest}`,
      repeated ? "permanent" : "passing",
    );
  }

  get #maxBytes(): number {
    return this.#options.maxBytes ?? Infinity;
  }

  #tooLarge(found: string): Failure {
    return new Failure(`${found}, expected at most ${this.#maxBytes}`, "permanent");
  }

  async #discard(): Promise<void> {
    this.#validator = undefined;
    await Deno.remove(this.part).catch(() => {});
  }

  async #size(): Promise<number> {
    try {
      return (await Deno.stat(this.part)).size;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return 0;
      throw error;
    }
  }
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
