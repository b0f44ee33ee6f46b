/** Indexes files that contain many images, several at once. */
import { InputError, RunError } from "../../errors.ts";
import { bareRefusalOf } from "../../files/refusal.ts";
import { formatCount } from "../../reporting/format.ts";
import { canStart, startThread } from "../confinement.ts";
import type { OpenOptions } from "../dataset.ts";
import { type Failure, revived } from "../loader_messages.ts";
import { keptIndex } from "./index_cache.ts";
import type { ShardIndex, ShardOptions } from "./shard_index.ts";

/** Most threads: more do not make a disk faster. */
const MAX_THREADS = 8;

/** How files of a kind are indexed. */
export interface Indexer {
  readonly kind: string;
  /** The module that a thread runs: it answers an {@link IndexRequest} with an {@link IndexReply}. */
  readonly script: URL;
  /** The same in this thread, if threads are not available. */
  indexHere(path: string, options: ShardOptions): Promise<ShardIndex>;
}

/** A request to a thread. */
export interface IndexRequest {
  readonly path: string;
  readonly options: ShardOptions;
}

/** Its reply. */
export type IndexReply = { readonly index: ShardIndex } | { readonly failure: Failure };

/**
 * The indexes of these files, in order; unknown ones are built by threads that may only read the files.
 * Rejects with InputError for a file that cannot be read.
 */
export async function indexShards(
  { kind, script, indexHere }: Indexer,
  paths: readonly string[],
  options: ShardOptions,
  where: OpenOptions,
): Promise<ShardIndex[]> {
  const indexes: ShardIndex[] = [];
  const threads: Thread[] = [];
  const isThreaded = canStart(script);
  let [next, done] = [0, 0];
  const work = async () => {
    let thread: Thread | undefined;
    const find = (path: string) => {
      if (!isThreaded) return indexHere(path, options);
      if (!thread) threads.push(thread = new Thread(startThread(script, paths)));
      return thread.ask({ path, options });
    };
    while (next < paths.length) {
      const place = next++;
      const path = paths[place];
      indexes[place] = await keptIndex(path, kind, options, () => find(path), where)
        .catch((error) => {
          throw unreadable(path, error);
        });
      done++;
      where.onWork?.(() =>
        `indexing ${formatCount(done)} of ${formatCount(paths.length)} files of images`
      );
    }
  };
  const workers = Math.min(MAX_THREADS, navigator.hardwareConcurrency, paths.length);
  try {
    await Promise.all(Array.from({ length: workers }, work));
  } finally {
    // After a failure, the other threads end too.
    next = paths.length;
    for (const thread of threads) thread.end();
  }
  return indexes;
}

/** Explains the system's refusal to read a file; returns other errors as they are. */
export function unreadable(path: string, error: unknown): unknown {
  const refusal = bareRefusalOf(error);
  if (refusal === undefined) return error;
  return new InputError(`${path}: cannot be read: ${refusal}`, { cause: error });
}

/** A thread that handles one request at a time. */
class Thread {
  #answer: PromiseWithResolvers<ShardIndex> | undefined;

  constructor(private readonly worker: Worker) {
    worker.onmessage = ({ data }: MessageEvent<IndexReply>) => {
      if ("index" in data) this.#answer?.resolve(data.index);
      else this.#answer?.reject(revived(data.failure));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#answer?.reject(
        new RunError(`a thread that looks for images stopped: ${event.message}`),
      );
    };
  }

  async ask(request: IndexRequest): Promise<ShardIndex> {
    this.#answer = Promise.withResolvers();
    this.worker.postMessage(request);
    return await this.#answer.promise;
  }

  end(): void {
    this.worker.terminate();
  }
}
