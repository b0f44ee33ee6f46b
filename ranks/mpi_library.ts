/**
 * Libraries of MPI, found and loaded. There are three binary interfaces; what differs is what a handle
 * is. Open MPI's are addresses, which it makes of the numbers that Fortran has for them; those of MPICH
 * and all that is made of it (Intel MPI, Cray MPICH, MVAPICH) are numbers of 32 bits; those of the
 * standard interface of MPI 5 are small numbers in the place of addresses.
 */
import { InputError, RunError } from "../errors.ts";
import { readableVariable } from "../files/home.ts";

/** The environment's variable that names the library of MPI. */
export const LIBRARY_VARIABLE = "OVERFOLD_MPI";

/** What MPI's constants are in a library. */
export interface MpiConstants {
  /** The communicator of all ranks. */
  readonly world: bigint;
  /** The data type of bytes. */
  readonly byte: bigint;
  /** The error handler that lets a call return its error. */
  readonly errorsReturn: bigint;
  /** In the place of an address: what is sent lies in its place already. */
  readonly inPlace: Deno.PointerValue;
}

/** A library that is loaded, before MPI is initialized. */
export interface MpiLibrary {
  /** What it was loaded by: `libmpi.so.40`. */
  readonly name: string;
  /** Maker and version: `Open MPI 4.1.4`. */
  readonly description: string;
  readonly calls: MpiCalls;
  /** The level of threads by which any one of them may call at a time. */
  readonly serialized: number;
  /** Its constants, once MPI is initialized. */
  constants(): MpiConstants;
}

const int = "i32", address = "pointer", bytes = "buffer";

/** The calls, by what a handle is. */
const callsOf = <H extends "i32" | "usize">(handle: H) => ({
  MPI_Init_thread: { parameters: [address, address, int, bytes], result: int },
  MPI_Finalize: { parameters: [], result: int },
  MPI_Abort: { parameters: [handle, int], result: int },
  MPI_Comm_rank: { parameters: [handle, bytes], result: int },
  MPI_Comm_size: { parameters: [handle, bytes], result: int },
  MPI_Comm_set_errhandler: { parameters: [handle, handle], result: int },
  MPI_Error_string: { parameters: [int, bytes, bytes], result: int },
  MPI_Get_processor_name: { parameters: [bytes, bytes], result: int },
  // Those that wait for others do so in a thread of their own: signals and timers go on.
  MPI_Barrier: { parameters: [handle], result: int, nonblocking: true },
  MPI_Bcast: { parameters: [bytes, int, handle, int, handle], result: int, nonblocking: true },
  MPI_Alltoallv: {
    parameters: [bytes, bytes, bytes, handle, bytes, bytes, bytes, handle, handle],
    result: int,
    nonblocking: true,
  },
  MPI_Allgatherv: {
    parameters: [address, int, handle, bytes, bytes, bytes, handle, handle],
    result: int,
    nonblocking: true,
  },
} as const);

/** MPI's calls, as if all handles had 64 bits. */
type MpiCalls = Deno.DynamicLibrary<ReturnType<typeof callsOf<"usize">>>["symbols"];

const pointer = (value: bigint) => Deno.UnsafePointer.create(value);

/** A handle of 32 bits, which Deno wants as a number. */
const handle32 = (value: number) => value as unknown as bigint;

const mpichConstants = (): MpiConstants => ({
  world: handle32(0x44000000),
  byte: handle32(0x4c00010d),
  errorsReturn: handle32(0x54000001),
  // -1.
  inPlace: pointer(2n ** 64n - 1n),
});

const standardConstants = (): MpiConstants => ({
  world: 0x101n,
  byte: 0x247n,
  errorsReturn: 0x142n,
  inPlace: pointer(1n),
});

/** Open MPI's, by its own functions. */
function openMpiConstants(name: string): MpiConstants {
  const conversion = { parameters: [int], result: "usize" } as const;
  const { symbols } = Deno.dlopen(name, {
    MPI_Comm_f2c: conversion,
    MPI_Type_f2c: conversion,
    MPI_Errhandler_f2c: conversion,
  });
  return {
    world: symbols.MPI_Comm_f2c(0),
    byte: symbols.MPI_Type_f2c(1),
    errorsReturn: symbols.MPI_Errhandler_f2c(2),
    inPlace: pointer(1n),
  };
}

/** The names that libraries usually have, by their makers. */
const NAMES: Readonly<Record<string, { "Open MPI": string[]; MPICH: string[]; any: string[] }>> = {
  linux: {
    "Open MPI": ["libmpi.so.40"],
    MPICH: ["libmpich.so.12", "libmpi.so.12", "libmpi_cray.so.12"],
    any: ["libmpi_abi.so.0", "libmpi_abi.so"],
  },
  darwin: {
    "Open MPI": ["libmpi.40.dylib", "/opt/homebrew/lib/libmpi.40.dylib"],
    MPICH: ["libmpi.12.dylib", "/opt/homebrew/lib/libmpi.12.dylib"],
    any: ["libmpi_abi.0.dylib", "/opt/homebrew/lib/libmpi_abi.0.dylib"],
  },
};

/**
 * Loads the library that `OVERFOLD_MPI` names, or else the first that is found, of `maker` before
 * others.
 *
 * @throws {InputError} if the one that is named cannot be loaded
 * @throws {RunError} if there is none
 */
export function openMpiLibrary(maker: "Open MPI" | "MPICH" = "Open MPI"): MpiLibrary {
  const named = readableVariable(LIBRARY_VARIABLE);
  if (named) {
    const opened = tryOpen(named);
    if (!(opened instanceof Error)) return opened;
    throw new InputError(
      `${LIBRARY_VARIABLE}: ${named} cannot be loaded as a library of MPI (${
        opened.message.replace(/^(Could not open library: )+/, "")
      }); name the file of one, such as libmpi.so.40, or unset the variable to use the system's`,
      { cause: opened },
    );
  }
  const names = candidates(maker);
  for (const name of names) {
    const opened = tryOpen(name);
    if (!(opened instanceof Error)) return opened;
  }
  throw new RunError(
    `found no library of MPI: ${
      names.length > 0 ? `looked for ${names.join(", ")}` : "it is " +
        `looked for on Linux and macOS alone`
    }. Install Open MPI (Debian: apt-get install ` +
      `openmpi-bin) or load your cluster's module of it, or name the library in the environment's ` +
      LIBRARY_VARIABLE,
  );
}

/** All libraries that are found here under their usual names, or the one that `OVERFOLD_MPI` names. */
export function findMpiLibraries(): MpiLibrary[] {
  const named = readableVariable(LIBRARY_VARIABLE);
  const found = new Map<string, MpiLibrary>();
  for (const name of named ? [named] : candidates("Open MPI")) {
    const opened = tryOpen(name);
    if (!(opened instanceof Error) && !found.has(opened.description)) {
      found.set(opened.description, opened);
    }
  }
  return [...found.values()];
}

function candidates(maker: "Open MPI" | "MPICH"): string[] {
  const names = NAMES[Deno.build.os];
  if (names === undefined) return [];
  const other = maker === "MPICH" ? "Open MPI" : "MPICH";
  return [...names[maker], ...names.any, ...names[other]];
}

/** The library of a name, or why it cannot be loaded. */
function tryOpen(name: string): MpiLibrary | Error {
  try {
    const { symbols } = Deno.dlopen(name, {
      MPI_Get_library_version: { parameters: [bytes, bytes], result: int },
    });
    const text = new Uint8Array(8192), length = new Int32Array(1);
    symbols.MPI_Get_library_version(text, length);
    const description = describeVersion(decode(text, length[0]));
    const [serialized, constants, calls] = name.includes("mpi_abi")
      ? [2048, standardConstants, Deno.dlopen(name, callsOf("usize")).symbols] as const
      : /^Open MPI|Spectrum/.test(description)
      ? [2, () => openMpiConstants(name), Deno.dlopen(name, callsOf("usize")).symbols] as const
      : [
        2,
        mpichConstants,
        Deno.dlopen(name, callsOf("i32")).symbols as unknown as MpiCalls,
      ] as const;
    return { name, description, calls, serialized, constants };
  } catch (error) {
    // Of permissions the command line knows more to say.
    if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
    return error;
  }
}

/** Maker and version, of what a library says of itself in many words. */
export function describeVersion(text: string): string {
  const [line] = text.split("\n");
  const [, maker, version] = /^(Open MPI|MPICH)\s+(?:v|Version:\s*)([\w.]+)/.exec(line) ?? [];
  return maker === undefined ? line.trim().replaceAll(/\s+/g, " ") : `${maker} ${version}`;
}

/** A text that MPI wrote. */
export function decode(text: Uint8Array, length: number): string {
  return new TextDecoder().decode(text.subarray(0, length)).replace(/\0.*$/s, "").trim();
}
