/** Several ranks in one process, to test training on ranks without MPI. */
import { ranksOver } from "../../ranks/over_transport.ts";
import type { Ranks } from "../../ranks/ranks.ts";
import type { Parts, Transport } from "../../ranks/transport.ts";

/** The error of an exchange after a rank has aborted. */
export class Aborted extends Error {
  constructor(readonly code: number) {
    super(`a rank has aborted with ${code}`);
  }
}

/** One rank's side of an exchange that waits for the others. */
interface Call {
  readonly kind: "allToAll" | "allGather" | "broadcast" | "close";
  readonly send?: Parts;
  readonly receive?: Parts;
  readonly bytes?: Uint8Array;
  readonly done: PromiseWithResolvers<void>;
}

/** The ranks of one job, in order. Exchanges that do not match are errors on all ranks. */
export function memoryRanks(size: number): Ranks[] {
  const waiting: (Call | undefined)[] = Array(size).fill(undefined);
  let aborted: Aborted | undefined;

  const call = (rank: number, call: Omit<Call, "done">): Promise<void> => {
    if (aborted) return Promise.reject(aborted);
    const done = Promise.withResolvers<void>();
    waiting[rank] = { ...call, done };
    if (waiting.every((other) => other !== undefined)) {
      const calls = waiting.splice(0, size, ...Array(size).fill(undefined)) as Call[];
      try {
        exchange(calls);
        for (const { done } of calls) done.resolve();
      } catch (error) {
        for (const { done } of calls) done.reject(error);
      }
    }
    return done.promise;
  };

  return Array.from({ length: size }, (_, rank) => {
    const transport: Transport = {
      ...{ rank, size, localRank: rank, localSize: size, description: "memory" },
      allToAll: (send, receive) => call(rank, { kind: "allToAll", send, receive }),
      allGather: (parts) => call(rank, { kind: "allGather", send: parts }),
      broadcast: (bytes) => call(rank, { kind: "broadcast", bytes }),
      abort(code) {
        aborted ??= new Aborted(code);
        for (const other of waiting) other?.done.reject(aborted);
        throw aborted;
      },
      close: () => call(rank, { kind: "close" }),
    };
    return ranksOver(transport);
  });
}

/** Runs `work` on several ranks and returns their results; an error on one ends all. */
export function onRanks<T>(size: number, work: (ranks: Ranks) => Promise<T>): Promise<T[]> {
  return Promise.all(
    memoryRanks(size).map(async (ranks) => {
      try {
        const result = await work(ranks);
        await ranks.close();
        return result;
      } catch (error) {
        if (error instanceof Aborted) throw error;
        try {
          ranks.abort(1);
        } catch { /* The error itself says more. */ }
        throw error;
      }
    }),
  );
}

function exchange(calls: readonly Call[]): void {
  const kinds = calls.map(({ kind }) => kind);
  if (new Set(kinds).size > 1) throw new Error(`ranks ask for ${kinds.join(", ")} at once`);
  calls.forEach((to, rank) => {
    calls.forEach((from, other) => {
      if (to.kind === "allToAll") copy(part(from.send!, rank), part(to.receive!, other));
      if (to.kind === "allGather" && other !== rank) {
        copy(part(from.send!, other), part(to.send!, other));
      }
    });
    if (to.kind === "broadcast" && rank > 0) copy(calls[0].bytes!, to.bytes!);
  });
}

function part({ bytes, offsets, lengths }: Parts, rank: number): Uint8Array {
  return bytes.subarray(offsets[rank], offsets[rank] + lengths[rank]);
}

function copy(from: Uint8Array, to: Uint8Array): void {
  if (from.length !== to.length) throw new Error(`${from.length} bytes sent, ${to.length} awaited`);
  to.set(from);
}
