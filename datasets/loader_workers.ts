/** The threads that fill batches, and how jobs are assigned to them. */
import { RunError } from "../errors.ts";
import { canStart, startThread } from "./confinement.ts";
import type { ImageSource } from "./image_source.ts";
import { revived, type WorkerJob, type WorkerReply, type WorkerSetup } from "./loader_messages.ts";

/** Most jobs per worker: the batch being filled, and the next, so that it never waits. */
export const JOBS_PER_WORKER = 2;

/** A batch to fill. */
export type BatchJob = Omit<WorkerJob, "ticket">;

/** An unfinished job. */
interface Underway {
  readonly job: WorkerJob;
  readonly done: PromiseWithResolvers<boolean>;
}

interface RankGroup {
  readonly worker: Worker;
  readonly jobs: Map<number, Underway>;
  /** Whether it has ever answered. */
  started: boolean;
}

type Settled = Extract<WorkerReply, { ticket: number }>;

/** Workers that share the batches of one loader. */
export class LoaderWorkers {
  #members: RankGroup[];
  readonly #waiting: Underway[] = [];
  #lastTicket = 0;

  private constructor(
    setup: WorkerSetup,
    start: () => Worker,
    count: number,
    private readonly keep: ImageSource["keep"],
  ) {
    this.#members = Array.from({ length: count }, () => this.#start(setup, start()));
  }

  /**
   * Starts `count` workers; undefined for none, or if they are not permitted.
   *
   * @param source limits what they may read, and caches images that they decode
   */
  static start(
    setup: WorkerSetup,
    count: number,
    { reads, keep }: Pick<ImageSource, "reads" | "keep">,
  ): LoaderWorkers | undefined {
    const script = reads
      ? new URL("./picture_worker.ts", import.meta.url)
      : new URL("./loader_worker.ts", import.meta.url);
    if (count === 0 || !canStart(script)) return undefined;
    return new LoaderWorkers(setup, () => startThread(script, reads), count, keep);
  }

  /**
   * Fills a batch in a worker. Resolves to false if no worker could be started or all were closed; the
   * caller must then fill it. Rejects with the error of an image that cannot be read, or RunError if the
   * worker stopped while working on it.
   */
  fill(job: BatchJob): Promise<boolean> {
    const done = Promise.withResolvers<boolean>();
    this.#waiting.push({ job: { ...job, ticket: ++this.#lastTicket }, done });
    this.#handOut();
    return done.promise;
  }

  /** Stops the workers. */
  close(): void {
    const members = this.#members;
    this.#members = [];
    for (const { worker, jobs } of members) {
      worker.terminate();
      this.#waiting.push(...jobs.values());
    }
    this.#handOut();
  }

  #start(setup: WorkerSetup, worker: Worker): RankGroup {
    const member: RankGroup = { worker, jobs: new Map(), started: false };
    worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => {
      if ("unfit" in data) this.#lose(member);
      else if ("ends" in data) this.#lose(member, "it closed itself");
      else this.#settle(member, data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#lose(member, event.message);
    };
    worker.postMessage(setup);
    return member;
  }

  /** Assigns waiting jobs, oldest first, to the workers with the fewest. */
  #handOut(): void {
    if (this.#members.length === 0) {
      for (const { done } of this.#waiting.splice(0)) done.resolve(false);
    }
    while (this.#waiting.length > 0) {
      const member = this.#members.reduce((a, b) => b.jobs.size < a.jobs.size ? b : a);
      if (member.jobs.size === JOBS_PER_WORKER) return;
      const underway = this.#waiting.shift()!;
      member.jobs.set(underway.job.ticket, underway);
      member.worker.postMessage(underway.job);
    }
  }

  #settle(member: RankGroup, { ticket, failure, fresh = [] }: Settled): void {
    member.started = true;
    if (fresh.length > 0) this.keep?.(fresh);
    const underway = member.jobs.get(ticket);
    member.jobs.delete(ticket);
    this.#handOut();
    if (failure) underway?.done.reject(revived(failure));
    else underway?.done.resolve(true);
  }

  /** A worker that could not start returns its jobs; those of a worker that stopped while running fail. */
  #lose(member: RankGroup, reason = ""): void {
    member.worker.terminate();
    this.#members = this.#members.filter((other) => other !== member);
    const jobs = [...member.jobs.values()];
    if (!member.started) {
      this.#waiting.unshift(...jobs);
    } else {
      const error = new RunError(`a thread that prepares batches stopped: ${reason}`);
      for (const { done } of jobs) done.reject(error);
    }
    this.#handOut();
  }
}
