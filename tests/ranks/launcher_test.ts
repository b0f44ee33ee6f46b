import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { findLauncher, launchedRank } from "../../ranks/launcher.ts";
import { checkPairing, describeVersion, type MpiLibrary } from "../../ranks/mpi_library.ts";

const launcherIn = (variables: Record<string, string>) => findLauncher((name) => variables[name]);

/** The environment of a Slurm step. */
const STEP = { SLURM_STEP_ID: "0", SLURM_STEP_NUM_TASKS: "4", SLURM_NTASKS: "4" };

Deno.test("the environment identifies the launcher", () => {
  assertEquals(launcherIn({}), undefined);
  assertEquals(launcherIn({ OMPI_COMM_WORLD_SIZE: "4", PMIX_RANK: "0" }), {
    name: "Open MPI's mpirun",
    maker: "Open MPI",
    size: 4,
  });
  assertEquals(launcherIn({ PMI_SIZE: "3", PMI_RANK: "0", HYDI_CONTROL_FD: "7" }), {
    name: "MPICH's mpiexec",
    maker: "MPICH",
    size: 3,
  });
  assertEquals(launcherIn({ ...STEP, PMIX_RANK: "0" }), {
    name: "srun --mpi=pmix",
    maker: "Open MPI",
    size: 4,
  });
  assertEquals(launcherIn({ ...STEP, PMI_SIZE: "4" })?.name, "srun --mpi=pmi2");
  assertEquals(launcherIn({ PMIX_RANK: "0" })?.size, undefined);
  const ranks: Record<string, string>[] = [{ PMIX_RANK: "3" }, { PMI_RANK: "2" }, {}];
  assertEquals(ranks.map((variables) => launchedRank((name) => variables[name])), [3, 2, 0]);
});

Deno.test("Slurm's variables are ignored in ranks of mpirun and mpiexec", () => {
  const helper = { ...STEP, SLURM_STEP_NUM_TASKS: "1" };
  assertEquals(launcherIn({ ...helper, OMPI_COMM_WORLD_SIZE: "8" })?.size, 8);
  assertEquals(launcherIn({ ...helper, PMI_SIZE: "8", HYDI_CONTROL_FD: "7" }), {
    name: "MPICH's mpiexec",
    maker: "MPICH",
    size: 8,
  });
});

Deno.test("a Slurm allocation without a step is no launcher; a step without MPI is rejected", () => {
  assertEquals(launcherIn({ SLURM_NTASKS: "4", SLURM_PROCID: "0" }), undefined);
  assertThrows(() => launcherIn(STEP), InputError, "--mpi=pmix");
});

Deno.test("a library that reports another number of ranks is rejected with advice", () => {
  const launcher = launcherIn({ OMPI_COMM_WORLD_SIZE: "4" })!;
  const library = { name: "libmpich.so.12", description: "MPICH 4.0.2" } as MpiLibrary;
  checkPairing(launcher, library, 4);
  checkPairing(launcherIn({ PMIX_RANK: "0" })!, library, 1);
  const { message } = assertThrows(() => checkPairing(launcher, library, 1), InputError);
  for (const part of ["started 4 processes", "MPICH 4.0.2", "reports 1", "OVERFOLD_MPI"]) {
    assertEquals(message.includes(part), true, message);
  }
});

Deno.test("an MPI library's implementation and version are parsed", () => {
  assertEquals(
    describeVersion("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4"),
    "Open MPI 4.1.4",
  );
  assertEquals(
    describeVersion("MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr"),
    "MPICH 4.0.2",
  );
  assertEquals(
    describeVersion("Intel(R) MPI Library 2021.10 for Linux* OS\n"),
    "Intel(R) MPI Library 2021.10 for Linux* OS",
  );
});
