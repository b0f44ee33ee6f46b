/**
 * Processes that compute one training together, often on machines of their own: each has a rank, and
 * they exchange arrays. All of them must ask for the same exchanges in the same order; who asks waits
 * for the others.
 */

/** This process among those that train together, and what it exchanges with the others. */
export interface Ranks {
  /** Which of them this one is, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /** Which of those that share a machine's cores this one is, from 0. */
  readonly localRank: number;
  /** How many share these cores: those on the same machine, but for others that were bound elsewhere. */
  readonly localSize: number;
  /** What carries the bytes, for a person: `Open MPI 4.1.4`. */
  readonly description: string;

  /**
   * Adds up the arrays of all ranks, in place, pairwise in the order of the ranks (`additions` of
   * ordered_sum.ts): which machine adds and how bytes travel changes no bit, and all ranks have the
   * same.
   *
   * @param data of the same length on all ranks
   * @param contributors how many ranks, the first ones, have something to add; what is in `data` of
   * the others is ignored. The same on all ranks. Default: all
   */
  sum(data: Float32Array, contributors?: number): Promise<void>;
  /** The bytes of every rank, in the order of the ranks; their lengths may differ. */
  gather(bytes: Uint8Array): Promise<Uint8Array[]>;
  /** The bytes of rank 0; those that others pass are ignored. */
  broadcast(bytes: Uint8Array): Promise<Uint8Array>;

  /** Ends the processes of all ranks at once; `code` is the exit code that is handed on. */
  abort(code: number): never;
  /** Takes leave of the others, when all is done. A process that ends otherwise must {@link abort}. */
  close(): Promise<void>;
}

/** A process that trains by itself. */
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
