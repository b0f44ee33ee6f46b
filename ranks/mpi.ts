/**
 * Ranks that MPI connects. Its calls run in another thread, one at a time, so that this process goes on
 * hearing signals, and a watchdog goes on counting seconds: where a rank is gone, most libraries wait
 * for it for ever.
 */
import { InputError, RunError } from "../errors.ts";
import { formatBytes } from "../reporting/format.ts";
import { type CoreMask, countCores, MASK_BYTES, shareCores, usableCores } from "./cores.ts";
import { checkPairing, findLauncher } from "./launcher.ts";
import { decode, type MpiConstants, type MpiLibrary, openMpiLibrary } from "./mpi_library.ts";
import { ranksOver } from "./over_transport.ts";
import type { Ranks } from "./ranks.ts";
import type { Parts, Transport } from "./transport.ts";

/** Seconds that an exchange may take: others may have to fetch images first, or save. */
export const DEFAULT_TIMEOUT = 600;

/** How often the watchdog looks. */
const WATCH_MILLISECONDS = 250;

/** MPI names no machine in more bytes. */
const MAX_NAME_BYTES = 256;

/** The ranks that a launcher of MPI started. */
interface MpiJob {
  readonly ranks: Ranks;
  /** The machine of each rank, as MPI calls it. */
  readonly hosts: readonly string[];
  /** What a person should know though it stops nothing. */
  readonly warning?: string;
}

/**
 * Joins the ranks that were started with this process.
 *
 * @param timeout seconds after which an exchange that has not ended is an error. Default: 600
 * @throws {InputError} if this process was started by itself, or its launcher is not the library's
 * @throws {RunError} if there is no library, and later in exchanges that fail or take too long
 */
export async function joinMpi(timeout: number = DEFAULT_TIMEOUT): Promise<MpiJob> {
  // Before MPI is initialized: it sets variables of its own.
  const launcher = findLauncher();
  if (!launcher) {
    throw new InputError(
      "this process was started by itself: start it by mpirun, mpiexec or srun, such as " +
        "`mpirun -np 2 --bind-to none deno task train:mpi CONFIG`; on one machine `deno task " +
        "train CONFIG` does without MPI",
    );
  }
  const library = openMpiLibrary(launcher.maker);
  const mpi = new Mpi(library, timeout);
  checkPairing(launcher, library, mpi.size);
  const cores = usableCores();
  const hosts = await mpi.findHosts(cores?.mask ?? new Uint8Array(MASK_BYTES));
  const warning = cores && countCores(cores.mask) === 1 && cores.online > 1
    ? `${launcher.name} bound this process to 1 of ${cores.online} cores, so the CPU computes with ` +
      "one thread: give mpirun --bind-to none, srun --cpus-per-task"
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
  /** Exchanges so far, by which ranks can be compared that wait for each other. */
  #exchanges = 0;
  /** Looks whether the exchange under way is late. */
  #watch: () => void = () => {};
  /** One for all exchanges: with a timer for each, Deno at times did not notice for long that one ended. */
  readonly #watchdog = setInterval(() => this.#watch(), WATCH_MILLISECONDS);
  /** What the call under way reads and writes: Deno does not keep it from being freed. */
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
        `${this.description} (${library.name}) was built without threads: it needs one that ` +
          "grants MPI_THREAD_SERIALIZED",
      );
    }
    this.#check(calls.MPI_Comm_set_errhandler(world, errorsReturn), "MPI_Comm_set_errhandler");
    this.#check(calls.MPI_Comm_rank(world, number), "MPI_Comm_rank");
    this.rank = number[0];
    this.#check(calls.MPI_Comm_size(world, number), "MPI_Comm_size");
    this.size = number[0];
  }

  /** Finds which ranks this one shares its cores with; returns the machines of all. */
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
    this.#library.calls.MPI_Abort(this.#constants.world, code);
    Deno.exit(code);
  }

  async close(): Promise<void> {
    const { calls } = this.#library, { world } = this.#constants;
    // Who leaves with an exit code other than 0 ends the others: none does before all are done.
    await this.#exchange("barrier", [], () => calls.MPI_Barrier(world));
    clearInterval(this.#watchdog);
    this.#check(calls.MPI_Finalize(), "MPI_Finalize");
  }

  /**
   * Waits for an exchange of all ranks, which must end in time.
   *
   * @param memory what the call reads and writes, of which the first is what is exchanged
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
          `${what()} has not ended in ${this.timeout} s: another rank is gone, stuck or slow, or ` +
            "the network is down; --timeout SECONDS lets it take longer",
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

/** Parts as arguments of a call, which shares memory as it does any other. */
function foreign({ bytes, lengths, offsets }: Parts) {
  return [bytes as ForeignBytes, lengths, offsets] as const;
}
