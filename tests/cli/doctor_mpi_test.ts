import { assertEquals, assertStringIncludes } from "@std/assert";
import { describeMpi } from "../../cli/doctor_mpi.ts";

const OPEN_MPI = { name: "libmpi.so.40", description: "Open MPI 4.1.4" };
const MPICH = { name: "libmpich.so.12", description: "MPICH 4.0.2" };

Deno.test("doctor lists MPI libraries and launchers with their implementations", () => {
  const launchers = [{ name: "mpirun", program: "orterun" }, { name: "srun", program: "srun" }];
  assertEquals(describeMpi([OPEN_MPI, MPICH], launchers), {
    name: "MPI",
    status: "ok",
    found: "Open MPI 4.1.4 (libmpi.so.40), MPICH 4.0.2 (libmpich.so.12); mpirun of Open MPI, srun",
  });
});

Deno.test("doctor warns of a launcher without its library", () => {
  const { status, advice } = describeMpi([OPEN_MPI], [
    { name: "mpiexec", program: "mpiexec.hydra" },
  ]);
  assertEquals(status, "warn");
  assertStringIncludes(advice ?? "", "mpiexec belongs to MPICH");
  assertStringIncludes(advice ?? "", "OVERFOLD_MPI");
});

Deno.test("doctor accepts a machine without MPI and says what MPI is for", () => {
  const { status, found, advice } = describeMpi([], []);
  assertEquals([status, found], ["ok", "no library; no launcher"]);
  assertStringIncludes(advice ?? "", "several machines");
});
