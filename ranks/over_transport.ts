/** Ranks on top of any transport between processes. */
import { OrderedSum } from "./ordered_sum.ts";
import type { Ranks } from "./ranks.ts";
import { MAX_BYTES, type Transport } from "./transport.ts";

/** Ranks that exchange over `transport`, which they own. */
export function ranksOver(transport: Transport): Ranks {
  const { rank, size, localRank, localSize, description } = transport;
  const sums = new OrderedSum(transport);
  let isBusy = false;
  /** Exchanges must not overlap, on any rank. */
  const alone = async <T>(exchange: () => Promise<T>): Promise<T> => {
    if (isBusy) throw new Error("an exchange between ranks was started during another");
    isBusy = true;
    try {
      return await exchange();
    } finally {
      isBusy = false;
    }
  };
  return {
    ...{ rank, size, localRank, localSize, description },
    sum: (data, contributors) => alone(() => sums.sum(data, contributors)),
    gather: (bytes) => alone(() => gather(transport, bytes)),
    broadcast: (bytes) => alone(() => broadcast(transport, bytes)),
    abort: (code) => transport.abort(code),
    close: () => alone(() => transport.close()),
  };
}

async function gather(transport: Transport, bytes: Uint8Array): Promise<Uint8Array[]> {
  const { rank, size } = transport;
  const lengths = new Float64Array(size);
  lengths[rank] = bytes.length;
  const eight = Int32Array.from(lengths, () => lengths.BYTES_PER_ELEMENT);
  await transport.allGather({
    bytes: new Uint8Array(lengths.buffer),
    offsets: eight.map((each, i) => each * i),
    lengths: eight,
  });
  const gathered = Array.from(lengths, (length) => new Uint8Array(length));
  gathered[rank].set(bytes);
  // In turns: together the parts may exceed MPI's counts.
  const most = Math.floor(MAX_BYTES / size);
  for (let start = 0; start < Math.max(...lengths); start += most) {
    const turn = gathered.map((all) => all.subarray(start, start + most));
    const offsets = new Int32Array(size);
    for (let i = 1; i < size; i++) offsets[i] = offsets[i - 1] + turn[i - 1].length;
    const joined = new Uint8Array(offsets[size - 1] + turn[size - 1].length);
    joined.set(turn[rank], offsets[rank]);
    const own = Int32Array.from(turn, ({ length }) => length);
    await transport.allGather({ bytes: joined, offsets, lengths: own });
    turn.forEach((to, i) => to.set(joined.subarray(offsets[i], offsets[i] + to.length)));
  }
  return gathered;
}

async function broadcast(transport: Transport, bytes: Uint8Array): Promise<Uint8Array> {
  const { rank } = transport;
  const length = Float64Array.of(bytes.length);
  await transport.broadcast(new Uint8Array(length.buffer));
  const received = rank === 0 ? bytes : new Uint8Array(length[0]);
  for (let start = 0; start < received.length; start += MAX_BYTES) {
    await transport.broadcast(received.subarray(start, start + MAX_BYTES));
  }
  return received;
}
