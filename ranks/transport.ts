/**
 * Moves bytes between ranks. It never computes with them, so no library, algorithm or network can
 * change a bit of a sum.
 */
import type { Ranks } from "./ranks.ts";

/** Parts of an array, one per rank, in the order of the ranks; a part may be empty. */
export interface Parts {
  readonly bytes: Uint8Array;
  /** Start of each part in `bytes`. */
  readonly offsets: Int32Array<ArrayBuffer>;
  /** Length of each part in bytes. */
  readonly lengths: Int32Array<ArrayBuffer>;
}

/** Most bytes of {@link Parts.bytes} or a broadcast: MPI counts in 32 bits. */
export const MAX_BYTES = 2 ** 30;

/** Moves bytes between ranks. All ranks make the same calls in the same order, one at a time. */
export interface Transport
  extends Pick<Ranks, "rank" | "size" | "localRank" | "localSize" | "description" | "abort"> {
  /**
   * Part r of `send` goes to rank r; part r of `receive` comes from rank r. Lengths agree: what one
   * rank sends is as long as what the other receives. The two may not overlap.
   */
  allToAll(send: Parts, receive: Parts): Promise<void>;
  /** Part r of every rank's array comes from rank r, whose own part is already in place. */
  allGather(parts: Parts): Promise<void>;
  /** `bytes` of rank 0 is copied into that of the others, which has the same length. */
  broadcast(bytes: Uint8Array): Promise<void>;
  /** Called when all is done; see {@link Ranks.close}. */
  close(): Promise<void>;
}
