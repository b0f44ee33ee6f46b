/**
 * Detects from the environment what started this process as one of several. A launcher and a library
 * of different makers do not communicate: each process then believes it is alone, and all would write
 * to the same folder. So the launcher's number of processes is compared with the library's.
 */
import { InputError } from "../errors.ts";
import { readableVariable } from "../files/home.ts";

/** What started the ranks. */
export interface Launcher {
  /** For messages: `Open MPI's mpirun`. */
  readonly name: string;
  /** Whose library is likely to work with it. */
  readonly maker: "Open MPI" | "MPICH";
  /** Number of ranks it started; undefined if unknown. */
  readonly size?: number;
}

/**
 * The launcher of this process; undefined if there was none.
 *
 * @param get the value of an environment variable
 * @throws {InputError} for `srun` without MPI
 */
export function findLauncher(
  get: (name: string) => string | undefined = readableVariable,
): Launcher | undefined {
  const size = (name: string) => Number(get(name)) || undefined;
  // In this order because mpirun starts its helpers with srun: they inherit its variables.
  if (get("OMPI_COMM_WORLD_SIZE") !== undefined) {
    return { name: "Open MPI's mpirun", maker: "Open MPI", size: size("OMPI_COMM_WORLD_SIZE") };
  }
  const isStep = get("SLURM_STEP_ID") !== undefined;
  if (get("PMI_SIZE") !== undefined) {
    const name = isStep && get("HYDI_CONTROL_FD") === undefined
      ? "srun --mpi=pmi2"
      : "MPICH's mpiexec";
    return { name, maker: "MPICH", size: size("PMI_SIZE") };
  }
  const steps = isStep ? size("SLURM_STEP_NUM_TASKS") : undefined;
  if (get("PMIX_RANK") !== undefined) {
    const name = isStep ? "srun --mpi=pmix" : "a PMIx launcher";
    return { name, maker: "Open MPI", size: steps };
  }
  if (steps === undefined) return undefined;
  throw new InputError(
    `srun started ${processes(steps)} without MPI support: call srun with ` +
      "--mpi=pmix (Open MPI) or --mpi=pmi2 (MPICH); `srun --mpi=list` lists what it supports",
  );
}

/** The rank that a launcher gave this process, known before MPI is initialized; 0 without one. */
export function launchedRank(get = readableVariable): number {
  return Number(get("PMIX_RANK") ?? get("PMI_RANK") ?? 0);
}

/**
 * Blocks this thread before it ends the ranks: a launcher that ends them drops what they printed and it
 * has not forwarded yet.
 */
export function letLauncherForward(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

export function processes(count: number): string {
  return count === 1 ? "1 process" : `${count} processes`;
}
