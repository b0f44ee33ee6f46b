/**
 * What started this process as one of several, by what it leaves in the environment. A launcher and a
 * library of different makers do not know of each other: each process then believes to be alone, and
 * all would write into the same folder. So what the launcher says is compared with what the library
 * counts.
 */
import { InputError } from "../errors.ts";
import { readableVariable } from "../files/home.ts";
import { LIBRARY_VARIABLE, type MpiLibrary } from "./mpi_library.ts";

/** Who started the ranks. */
interface Launcher {
  /** For a person: `Open MPI's mpirun`. */
  readonly name: string;
  /** Whose library is likely to understand it. */
  readonly maker: "Open MPI" | "MPICH";
  /** How many ranks it started; undefined if it does not say. */
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
  // In this order, for mpirun starts its helpers by srun: they inherit what that says.
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
    const name = isStep ? "srun --mpi=pmix" : "a launcher that speaks PMIx";
    return { name, maker: "Open MPI", size: steps };
  }
  if (steps === undefined) return undefined;
  throw new InputError(
    `srun started ${processes(steps)} and told MPI nothing of it: call srun with ` +
      "--mpi=pmix (Open MPI) or --mpi=pmi2 (MPICH); `srun --mpi=list` shows what it has",
  );
}

/** Throws InputError unless the library counts as many ranks as were started. */
export function checkPairing(launcher: Launcher, library: MpiLibrary, size: number): void {
  if (launcher.size === undefined || launcher.size === size) return;
  const { name, maker } = launcher;
  throw new InputError(
    `${name} started ${processes(launcher.size)}, but ` +
      `${library.description} (${library.name}) counts ${size}: they do not belong together, and ` +
      `each process would train by itself. Start with the launcher of ${library.description}, or ` +
      `name ${maker}'s library, to which ${name} belongs, in the environment's ${LIBRARY_VARIABLE}`,
  );
}

function processes(count: number): string {
  return count === 1 ? "1 process" : `${count} processes`;
}
