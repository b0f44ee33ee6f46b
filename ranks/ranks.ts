/**
 * Processes that compute one training together, often on several machines: each has a rank, and they
 * exchange arrays. All must call the same exchanges in the same order; each call waits for the other
 * ranks.
 */

/** This process as one of several, and its exchanges with the others. */
export interface Ranks {
  /** The number of this process, from 0. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /** The number of this process among those that share its cores, from 0. */
  readonly localRank: number;
  /** Number of processes that share these cores: those on the machine not bound to other cores. */
  readonly localSize: number;
  /** The transport, for messages: `Open MPI 4.1.4`. */
  readonly description: string;

  /**
   * Adds the arrays of all ranks, in place, pairwise in the order of the ranks (`additions` of
   * ordered_sum.ts): the result has the same bits on all ranks, whichever machine adds and however bytes
   * travel.
   *
   * @param data of the same length on all ranks
   * @param contributors number of ranks, the first ones, whose arrays are added; the others' `data` is
   * overwritten only. The same on all ranks. Default: all
   */
  sum(data: Float32Array, contributors?: number): Promise<void>;
  /** The bytes of every rank, in the order of the ranks; their lengths may differ. */
  gather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /** The bytes of rank 0; those of other ranks are ignored. */
  broadcast(bytes: Uint8Array): Promise<Uint8Array>;

  /** Ends the processes of all ranks at once with this exit code. */
  abort(code: number): never;
  /** Leaves the other ranks when all is done. A process that ends otherwise must call {@link abort}. */
  close(): Promise<void>;
}

/** A process that trains alone. */
export const ALONE: Ranks = {
  rank: 0,
  size: 1,
  localRank: 0,
  localSize: 1,
  description: "one process",
  sum: () => Promise.resolve(),
  gather: (bytes) => Promise.resolve([bytes]),
  broadcast: (bytes) => Promise.resolve(bytes),
  abort: (code) => Deno.exit(code),
  close: () => Promise.resolve(),
};
