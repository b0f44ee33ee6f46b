/**
 * Finds and loads MPI libraries. There are three binary interfaces, which differ in handles: Open MPI's
 * are addresses, which it converts from Fortran's numbers; those of MPICH and its derivatives (Intel
 * MPI, Cray MPICH, MVAPICH) are 32-bit numbers; those of MPI 5's standard interface are small numbers
 * in the form of addresses.
 */
import { InputError, RunError } from "../errors.ts";
import { readableVariable } from "../files/home.ts";
import { type Launcher, processes } from "./launcher.ts";

/** The environment variable that names the MPI library. */
const LIBRARY_VARIABLE = "OVERFOLD_MPI";

/** MPI's constants in a library. */
export interface MpiConstants {
  /** The communicator of all ranks. */
  readonly world: bigint;
  /** The data type of bytes. */
  readonly byte: bigint;
  /** The error handler that lets a call return its error. */
  readonly errorsReturn: bigint;
  /** Replaces an address: the data to send is already in the receive buffer. */
  readonly inPlace: Deno.PointerValue;
}

/** A loaded library, before MPI is initialized. */
export interface MpiLibrary {
  /** The name it was loaded by: `libmpi.so.40`. */
  readonly name: string;
  /** Maker and version: `Open MPI 4.1.4`. */
  readonly description: string;
  readonly calls: MpiCalls;
  /** The thread level at which any single thread may call at a time. */
  readonly serialized: number;
  /** Its constants, after MPI is initialized. */
  constants(): MpiConstants;
}

const int = "i32", address = "pointer", bytes = "buffer";

/** The calls, by kind of handle. */
const callsOf = <H extends "i32" | "usize">(handle: H) => ({
  MPI_Init_thread: { parameters: [address, address, int, bytes], result: int },
  MPI_Finalize: { parameters: [], result: int },
  MPI_Abort: { parameters: [handle, int], result: int },
  MPI_Comm_rank: { parameters: [handle, bytes], result: int },
  MPI_Comm_size: { parameters: [handle, bytes], result: int },
  MPI_Comm_set_errhandler: { parameters: [handle, handle], result: int },
  MPI_Error_string: { parameters: [int, bytes, bytes], result: int },
  MPI_Get_processor_name: { parameters: [bytes, bytes], result: int },
  // Calls that wait for other ranks do so in another thread, so that signals and timers still work.
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

/** A 32-bit handle, which Deno expects as a number. */
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

/** Open MPI's constants, from its own functions. */
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

/** Usual names of libraries, by their makers. */
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
 * Loads the library that `OVERFOLD_MPI` names, or else the first one found, preferably of `maker`.
 *
 * @throws {InputError} if the named library cannot be loaded
 * @throws {RunError} if there is none
 */
export function openMpiLibrary(maker: "Open MPI" | "MPICH" = "Open MPI"): MpiLibrary {
  const named = readableVariable(LIBRARY_VARIABLE);
  if (named) {
    const opened = tryOpen(named);
    if (!(opened instanceof Error)) return opened;
    throw new InputError(
      `${LIBRARY_VARIABLE}: ${named} cannot be loaded as an MPI library (${
        opened.message.replace(/^(Could not open library: )+/, "")
      }); name one by its file, such as libmpi.so.40, or unset the variable to use the system's`,
      { cause: opened },
    );
  }
  const names = candidates(maker);
  for (const name of names) {
    const opened = tryOpen(name);
    if (!(opened instanceof Error)) return opened;
  }
  throw new RunError(
    `found no MPI library: ${
      names.length > 0 ? `looked for ${names.join(", ")}` : "it is " +
        `supported on Linux and macOS only`
    }. Install Open MPI (Debian: apt-get install ` +
      `openmpi-bin) or load your cluster's MPI module, or name the library in the environment variable ` +
      LIBRARY_VARIABLE,
  );
}

/** All libraries found under their usual names, or the one that `OVERFOLD_MPI` names. */
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

/** The library with a name, or why it cannot be loaded. */
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
    // The command line explains permission errors better.
    if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
    return error;
  }
}

/** Maker and version, from a library's long description. */
export function describeVersion(text: string): string {
  const [line] = text.split("\n");
  const [, maker, version] = /^(Open MPI|MPICH)\s+(?:v|Version:\s*)([\w.]+)/.exec(line) ?? [];
  return maker === undefined ? line.trim().replaceAll(/\s+/g, " ") : `${maker} ${version}`;
}

/** A text written by MPI. */
export function decode(text: Uint8Array, length: number): string {
  return new TextDecoder().decode(text.subarray(0, length)).replace(/\0.*$/s, "").trim();
}

/** Throws InputError unless the library reports as many ranks as were started. */
export function checkPairing(launcher: Launcher, library: MpiLibrary, size: number): void {
  if (launcher.size === undefined || launcher.size === size) return;
  const { name, maker } = launcher;
  throw new InputError(
    `${name} started ${processes(launcher.size)}, but ` +
      `${library.description} (${library.name}) reports ${size}: they do not match, and ` +
      `each process would train alone. Use the launcher of ${library.description}, or ` +
      `name ${maker}'s library, which matches ${name}, in the environment variable ${LIBRARY_VARIABLE}`,
  );
}
