/**
 * Which variants of kernels are the fastest on an adapter: what tuning found, and how it is kept.
 *
 * A file holds what was found on one adapter. It says with which driver and which version of the
 * kernels, and counts for these alone: another driver may be faster with other variants.
 */
import { InputError } from "../../errors.ts";
import type { GraphNode } from "../../graph/types.ts";
import { isRecord } from "../../schema/record.ts";
import type { Numerics } from "../backend.ts";

/** Names of the fastest variants by the keys of their kernels. */
export type Tuning = ReadonlyMap<string, string>;

/** Nothing is known: kernels use what their families choose by shape. */
export const NO_TUNING: Tuning = new Map();

/**
 * Where what tuning found is kept between runs: a folder for the command line, whatever there is
 * in a browser.
 */
export interface TuningStore {
  /** The text written under a name, which would do for a file; undefined if there is none. */
  read(name: string): Promise<string | undefined>;
  /** Keeps a text under a name, in place of the one before. */
  write(name: string, text: string): Promise<void>;
  /**
   * What tells versions of the driver apart, as far as the system knows: WebGPU itself does not
   * say. Default: nothing.
   */
  driver?(): Promise<string>;
}

/** What of a GPUAdapterInfo tells adapters apart. */
export interface AdapterName {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
}

/** To be raised when keys or variants change their meaning: what was found before is void then. */
const VERSION = 1;

/** Characters of a stored adapter that are shown. */
const MAX_SHOWN = 300;

/** The file of an adapter. */
interface TuningFile extends TuningContext {
  readonly kernels: Readonly<Record<string, string>>;
}

/** What must be as it was for a file to count, and for an adapter to repeat its bits. */
export interface TuningContext {
  readonly version: number;
  readonly adapter: AdapterName;
  readonly driver: string;
  /** The program that compiles the shaders, such as Deno and its version. */
  readonly runtime: string;
}

/**
 * What tells one kernel from another: the op, its shapes and options, but not the program it is in.
 */
export function kernelKey({ op, inputs, attributes }: GraphNode): string {
  const shapes = inputs.map(({ shape }) => shape.join("x"));
  return `${op.name} ${shapes.join(" ")} ${JSON.stringify(attributes)}`;
}

/**
 * What was found on an adapter. Nothing, with a warning, where that is damaged or was found with
 * another driver or version.
 *
 * @param context what a tuning found here counts for. Default: it is looked at
 */
export async function loadTuning(
  store: TuningStore,
  adapter: AdapterName,
  warn: (message: string) => void,
  context?: TuningContext,
): Promise<Tuning> {
  try {
    const text = await store.read(fileName(adapter));
    if (text === undefined) return NO_TUNING;
    const { kernels, ...found } = parse(text);
    const stale = difference(found, context ?? await contextOf(store, adapter));
    if (stale === undefined) return new Map(Object.entries(kernels));
    warn(`what tuning found on ${adapter.description} is ignored: ${stale}; ${REMEDY}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    warn(`what tuning found on ${adapter.description} cannot be used: ${reason}; ${REMEDY}`);
  }
  return NO_TUNING;
}

/** What a person does about a file that does not count. */
const REMEDY = "`overfold tune CONFIG` finds it anew";

/** Adds to what was found on an adapter; what no longer counts goes. */
export async function saveTuning(
  store: TuningStore,
  adapter: AdapterName,
  found: Tuning,
): Promise<void> {
  const context = await contextOf(store, adapter);
  const known = await loadTuning(store, adapter, () => {}, context);
  const kernels = [...known, ...found].toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  const file: TuningFile = {
    ...context,
    kernels: Object.fromEntries(kernels),
  };
  await store.write(fileName(adapter), `${JSON.stringify(file, null, 2)}\n`);
}

/**
 * The tuning of a backend with these numerics. Throws InputError, saying what is another one, where
 * the bits here would be others.
 */
export function repeatedTuning(numerics: Numerics, here: TuningContext): Tuning {
  const { tuning, ...found } = numerics;
  const other = difference(found, here);
  if (other !== undefined) throw new InputError(other);
  const kernels = isRecord(tuning) ? Object.entries(tuning) : [];
  return new Map(kernels.map(([key, variant]) => [key, String(variant)]));
}

/** What a tuning found here counts for. Without a store nothing is known of the driver. */
export async function contextOf(
  store: TuningStore | undefined,
  { vendor, architecture, device, description }: AdapterName,
): Promise<TuningContext> {
  return {
    version: VERSION,
    adapter: { vendor, architecture, device, description },
    driver: await store?.driver?.() ?? "",
    runtime: globalThis.navigator?.userAgent ?? "",
  };
}

function fileName({ vendor, architecture, device, description }: AdapterName): string {
  const name = [description, vendor, architecture, device].join(" ").toLowerCase();
  return `${name.replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "")}.json`;
}

/** What of a context is not as it should be; undefined if all is. */
function difference(
  found: Readonly<Record<string, unknown>>,
  wanted: TuningContext,
): string | undefined {
  const named = { version: "kernels", adapter: "adapter", driver: "driver", runtime: "runtime" };
  for (const key of ["version", "adapter", "driver", "runtime"] as const) {
    if (JSON.stringify(found[key]) === JSON.stringify(wanted[key])) continue;
    const former = JSON.stringify(found[key])?.slice(0, MAX_SHOWN);
    return `it is of another ${named[key]}, ${former} instead of ${JSON.stringify(wanted[key])}`;
  }
}

/** Reads a file. Throws an Error that says what is wrong with it. */
function parse(text: string): TuningFile {
  const file: unknown = JSON.parse(text);
  if (typeof file !== "object" || file === null || !("version" in file) || !("kernels" in file)) {
    throw new Error("it is no object with version and kernels");
  }
  const { kernels } = file;
  if (
    typeof kernels !== "object" || kernels === null ||
    Object.values(kernels).some((variant) => typeof variant !== "string")
  ) {
    throw new Error("its kernels are no object of names");
  }
  return file as TuningFile;
}
