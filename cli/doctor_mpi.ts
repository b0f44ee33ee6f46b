/** The part of `overfold doctor` that looks for MPI, which connects several machines. */

import { basename, delimiter, join } from "node:path";
import { readableVariable } from "../files/home.ts";
import { findMpiLibraries } from "../ranks/mpi_library.ts";
import type { Check } from "./check.ts";

/** Programs that start ranks. */
const LAUNCHERS = ["mpirun", "mpiexec", "srun"];

/** Makers of launchers, by the names of the programs that the links lead to. */
const MAKERS: readonly [RegExp, string][] = [
  [/^(orte|prte|pr)run|openmpi/, "Open MPI"],
  [/hydra|mpich/, "MPICH"],
  [/^srun/, "Slurm"],
];

/** Which MPI libraries and launchers are installed. */
export async function mpiCheck(): Promise<Check> {
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    return { name: "MPI", status: "ok", found: "not checked: libraries need --allow-ffi" };
  }
  return describeMpi(findMpiLibraries(), await findLaunchers());
}

/**
 * The check's result.
 *
 * @param libraries their names and descriptions
 * @param launchers programs, and the files they link to
 */
export function describeMpi(
  libraries: readonly { name: string; description: string }[],
  launchers: readonly { name: string; program: string }[],
): Check {
  const name = "MPI";
  const made = launchers.map(({ name, program }) => ({
    name,
    maker: MAKERS.find(([pattern]) => pattern.test(program))?.[1],
  }));
  const started = made.map(({ name, maker }) =>
    maker === undefined || maker === "Slurm" ? name : `${name} of ${maker}`
  ).join(", ");
  const by = started === "" ? "no launcher" : started;
  if (libraries.length === 0) {
    return {
      name,
      status: "ok",
      found: `no library; ${by}`,
      advice: "to train on several machines, install Open MPI (Debian: apt-get install " +
        "openmpi-bin) on each, or name its library in the environment variable OVERFOLD_MPI",
    };
  }
  const found = `${
    libraries.map(({ name, description }) => `${description} (${name})`).join(", ")
  }; ${by}`;
  const lone = made.find(({ maker }) =>
    maker !== undefined && maker !== "Slurm" &&
    !libraries.some(({ description }) => description.startsWith(maker))
  );
  if (!lone) return { name, status: "ok", found };
  return {
    name,
    status: "warn",
    found,
    advice:
      `${lone.name} belongs to ${lone.maker}, but no ${lone.maker} library was found: name it in ` +
      "the environment variable OVERFOLD_MPI, or use the launcher of a library that was found",
  };
}

/** The first program of each name in the folders of PATH, and the file it links to. */
async function findLaunchers(): Promise<{ name: string; program: string }[]> {
  const folders = (readableVariable("PATH") ?? "").split(delimiter).filter(Boolean);
  const found = [];
  for (const name of LAUNCHERS) {
    for (const folder of folders) {
      // A folder that cannot be read is treated as missing.
      const path = await Deno.realPath(join(folder, name)).catch(() => undefined);
      if (path === undefined) continue;
      found.push({ name, program: basename(path) });
      break;
    }
  }
  return found;
}
