/**
 * What moves bytes between ranks. It never computes with them, so no library, algorithm or network
 * can change a bit of a sum.
 */
import type { Ranks } from "./ranks.ts";

/** Parts of an array, one a rank, in the order of the ranks; a part may be empty. */
export interface Parts {
  readonly bytes: Uint8Array;
  /** Where each part begins in `bytes`. */
  readonly offsets: Int32Array<ArrayBuffer>;
  /** Bytes of each part. */
  readonly lengths: Int32Array<ArrayBuffer>;
}

/** The most bytes that {@link Parts.bytes} or a broadcast may have: MPI counts in 32 bits. */
export const MAX_BYTES = 2 ** 30;

/** Moves bytes between ranks. All ranks make the same calls in the same order, one at a time. */
export interface Transport
  extends Pick<Ranks, "rank" | "size" | "localRank" | "localSize" | "description" | "abort"> {
  /**
   * Part r of `send` goes to rank r; part r of `receive` comes from rank r. Lengths agree: what one
   * rank sends is as long as what the other receives. The two may not overlap.
   */
  allToAll(send: Parts, receive: Parts): Promise<void>;
  /** Part r of every rank's array comes from rank r, whose own part lies in its place already. */
  allGather(parts: Parts): Promise<void>;
  /** `bytes` of rank 0 comes into those of the others, which are as long. */
  broadcast(bytes: Uint8Array): Promise<void>;
  /** When all is done; also {@link Ranks.close}. */
  close(): Promise<void>;
}
