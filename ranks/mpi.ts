/**
 * Ranks connected by MPI. Its calls run in another thread, one at a time, so that this process still
 * receives signals, and a watchdog can count seconds: if a rank is gone, most libraries wait for it
 * forever.
 */
import { InputError, RunError } from "../errors.ts";
import { formatBytes } from "../reporting/format.ts";
import { type CoreMask, countCores, MASK_BYTES, shareCores, usableCores } from "./cores.ts";
import { findLauncher, letLauncherForward } from "./launcher.ts";
import {
  checkPairing,
  decode,
  type MpiConstants,
  type MpiLibrary,
  openMpiLibrary,
} from "./mpi_library.ts";
import { ranksOver } from "./over_transport.ts";
import type { Ranks } from "./ranks.ts";
import type { Parts, Transport } from "./transport.ts";

/** Longest exchange in seconds: other ranks may have to download images first, or save. */
export const DEFAULT_TIMEOUT = 600;

/** Interval of the watchdog. */
const WATCH_MILLISECONDS = 250;

/** Enough for a message that is printed already, on a busy machine too. */
const FORWARD_MILLISECONDS = 500;

/** Longest name of a machine in MPI, in bytes. */
const MAX_NAME_BYTES = 256;

/** The ranks that an MPI launcher started. */
interface MpiJob {
  readonly ranks: Ranks;
  /** The machine of each rank, as MPI names it. */
  readonly hosts: readonly string[];
  /** A warning for the user, if any. */
  readonly warning?: string;
}

/**
 * Joins the ranks started together with this process.
 *
 * @param timeout seconds after which an exchange that has not ended is an error. Default: 600
 * @throws {InputError} if this process was started alone, or by a launcher of another MPI
 * @throws {RunError} if there is no library, and later for exchanges that fail or take too long
 */
export async function joinMpi(timeout: number = DEFAULT_TIMEOUT): Promise<MpiJob> {
  // Before MPI is initialized, which sets variables of its own.
  const launcher = findLauncher();
  if (!launcher) {
    throw new InputError(
      "this process was started without MPI: start it with mpirun, mpiexec or srun, such as " +
        "`mpirun -np 2 --bind-to none deno task train:mpi CONFIG`; on a single machine use `deno task " +
        "train CONFIG` instead",
    );
  }
  const library = openMpiLibrary(launcher.maker);
  const mpi = new Mpi(library, timeout);
  checkPairing(launcher, library, mpi.size);
  const cores = usableCores();
  const hosts = await mpi.findHosts(cores?.mask ?? new Uint8Array(MASK_BYTES));
  const warning = cores && countCores(cores.mask) === 1 && cores.online > 1
    ? `${launcher.name} bound this process to 1 of ${cores.online} cores, so the CPU backend computes with ` +
      "one thread: use mpirun --bind-to none or srun --cpus-per-task"
    : undefined;
  return { ranks: ranksOver(mpi), hosts, warning };
}

class Mpi implements Transport {
  readonly rank: number;
  readonly size: number;
  localRank = 0;
  localSize = 1;
  readonly description: string;
  readonly #library: MpiLibrary;
  readonly #constants: MpiConstants;
  /** Number of exchanges so far, to compare ranks that wait for each other. */
  #exchanges = 0;
  /** Checks whether the current exchange is late. */
  #watch: () => void = () => {};
  /** One timer for all exchanges: with one for each, Deno at times noticed their ends late. */
  readonly #watchdog = setInterval(() => this.#watch(), WATCH_MILLISECONDS);
  /** Memory of the current call: Deno does not protect it from garbage collection. */
  #memory: readonly ArrayBufferView[] = [];

  constructor(library: MpiLibrary, private readonly timeout: number) {
    this.#library = library;
    this.description = library.description;
    const { calls, serialized } = library;
    const number = new Int32Array(1);
    this.#check(calls.MPI_Init_thread(null, null, serialized, number), "MPI_Init_thread");
    this.#constants = library.constants();
    const { world, errorsReturn } = this.#constants;
    if (number[0] < serialized) {
      throw new RunError(
        `${this.description} (${library.name}) does not support threads: use one that ` +
          "provides MPI_THREAD_SERIALIZED",
      );
    }
    this.#check(calls.MPI_Comm_set_errhandler(world, errorsReturn), "MPI_Comm_set_errhandler");
    this.#check(calls.MPI_Comm_rank(world, number), "MPI_Comm_rank");
    this.rank = number[0];
    this.#check(calls.MPI_Comm_size(world, number), "MPI_Comm_size");
    this.size = number[0];
  }

  /** Finds which ranks share cores with this one; returns the machines of all. */
  async findHosts(cores: CoreMask): Promise<string[]> {
    const { rank, size } = this, each = MAX_NAME_BYTES + MASK_BYTES;
    const bytes = new Uint8Array(size * each), length = new Int32Array(1);
    const own = bytes.subarray(rank * each, (rank + 1) * each);
    this.#check(this.#library.calls.MPI_Get_processor_name(own, length), "MPI_Get_processor_name");
    own.set(cores, MAX_NAME_BYTES);
    const lengths = new Int32Array(size).fill(each);
    await this.allGather({ bytes, offsets: lengths.map((each, i) => each * i), lengths });
    const all = Array.from({ length: size }, (_, i) => {
      const of = bytes.slice(i * each, (i + 1) * each);
      return { host: decode(of, MAX_NAME_BYTES), cores: of.subarray(MAX_NAME_BYTES) };
    });
    const local = [...all.keys()].filter((i) =>
      all[i].host === all[rank].host && shareCores(all[i].cores, cores)
    );
    this.localSize = local.length;
    this.localRank = local.indexOf(rank);
    return all.map(({ host }) => host);
  }

  allToAll(send: Parts, receive: Parts): Promise<void> {
    const { calls } = this.#library, { byte, world } = this.#constants;
    const sent = foreign(send), received = foreign(receive);
    return this.#exchange(
      "all-to-all",
      [...sent, ...received],
      () => calls.MPI_Alltoallv(...sent, byte, ...received, byte, world),
    );
  }

  allGather(parts: Parts): Promise<void> {
    const { calls } = this.#library, { byte, world, inPlace } = this.#constants;
    const gathered = foreign(parts);
    return this.#exchange(
      "all-gather",
      gathered,
      () => calls.MPI_Allgatherv(inPlace, 0, byte, ...gathered, byte, world),
    );
  }

  broadcast(bytes: Uint8Array): Promise<void> {
    const { calls } = this.#library, { byte, world } = this.#constants;
    const sent = bytes as ForeignBytes;
    return this.#exchange(
      "broadcast",
      [sent],
      () => calls.MPI_Bcast(sent, sent.length, byte, 0, world),
    );
  }

  abort(code: number): never {
    letLauncherForward(FORWARD_MILLISECONDS);
    this.#library.calls.MPI_Abort(this.#constants.world, code);
    Deno.exit(code);
  }

  async close(): Promise<void> {
    const { calls } = this.#library, { world } = this.#constants;
    // Exiting with a code other than 0 ends the other ranks: none does so before all are done.
    await this.#exchange("barrier", [], () => calls.MPI_Barrier(world));
    clearInterval(this.#watchdog);
    this.#check(calls.MPI_Finalize(), "MPI_Finalize");
  }

  /**
   * Waits for an exchange of all ranks, within the time limit.
   *
   * @param memory what the call reads and writes, the exchanged array first
   */
  async #exchange(
    kind: string,
    memory: readonly ArrayBufferView[],
    start: () => Promise<number>,
  ): Promise<void> {
    const number = ++this.#exchanges;
    const what = () =>
      `exchange ${number} (${kind}${memory[0] ? ` of ${formatBytes(memory[0].byteLength)}` : ""})`;
    this.#memory = memory;
    const late = Promise.withResolvers<never>();
    const deadline = performance.now() + this.timeout * 1000;
    this.#watch = () => {
      if (performance.now() < deadline) return;
      late.reject(
        new RunError(
          `${what()} has not ended in ${this.timeout} s: another rank is gone, hanging or slow, or ` +
            "the network is down; --timeout SECONDS allows more time",
        ),
      );
    };
    const code = await Promise.race([start(), late.promise]);
    this.#watch = () => {};
    if (code !== 0) this.#check(code, what());
  }

  #check(code: number, what: string): void {
    if (code === 0) return;
    const text = new Uint8Array(2048), length = new Int32Array(1);
    this.#library.calls.MPI_Error_string(code, text, length);
    throw new RunError(`${this.description}: ${what} failed: ${decode(text, length[0])}`);
  }
}

type ForeignBytes = Uint8Array<ArrayBuffer>;

/** Parts as arguments of a call, which uses shared memory like any other. */
function foreign({ bytes, lengths, offsets }: Parts) {
  return [bytes as ForeignBytes, lengths, offsets] as const;
}
