/** Finding out what is in files that hold many images, several at once. */
import { InputError, RunError } from "../../errors.ts";
import { bareRefusalOf } from "../../files/refusal.ts";
import { formatCount } from "../../reporting/format.ts";
import { canStart, startThread } from "../confinement.ts";
import type { OpenOptions } from "../dataset.ts";
import { type Failure, revived } from "../loader_messages.ts";
import { keptIndex } from "./index_cache.ts";
import type { ShardIndex, ShardOptions } from "./shard_index.ts";

/** Threads at most: more keep a disk no busier. */
const MAX_THREADS = 8;

/** How a kind of files is looked through. */
export interface Indexer {
  readonly kind: string;
  /** The module that a thread runs: it answers an {@link IndexRequest} with an {@link IndexReply}. */
  readonly script: URL;
  /** Where there are no threads: the same in this one. */
  indexHere(path: string, options: ShardOptions): Promise<ShardIndex>;
}

/** What a thread is asked. */
export interface IndexRequest {
  readonly path: string;
  readonly options: ShardOptions;
}

/** What it answers. */
export type IndexReply = { readonly index: ShardIndex } | { readonly failure: Failure };

/**
 * The indexes of these files, in their order; those that are not known yet are found by threads that
 * may read the files and do nothing else. Rejects with InputError for a file that cannot be read.
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
    // After a failure the others end too.
    next = paths.length;
    for (const thread of threads) thread.end();
  }
  return indexes;
}

/** What the system says against reading a file, as an error for a person; others as they are. */
export function unreadable(path: string, error: unknown): unknown {
  const refusal = bareRefusalOf(error);
  if (refusal === undefined) return error;
  return new InputError(`${path}: cannot be read: ${refusal}`, { cause: error });
}

/** A thread that is asked one thing at a time. */
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
