/**
 * Tunings, the fastest kernel variants of an adapter, and how they are stored.
 *
 * A file contains the tuning of one adapter. It names the driver and the version of the kernels,
 * and is valid only for these: another driver may be faster with other variants.
 */
import { InputError, messageOf } from "../../errors.ts";
import type { GraphNode } from "../../graph/types.ts";
import { isRecord } from "../../schema/record.ts";
import type { Numerics } from "../backend.ts";

/** Names of the fastest variants by the keys of their kernels. */
export type Tuning = ReadonlyMap<string, string>;

/** No tuning: kernels use the variants that their families choose by shape. */
export const NO_TUNING: Tuning = new Map();

/** Where tunings are stored between runs: a folder, or any storage in a browser. */
export interface TuningStore {
  /** The text stored under a name, which is a valid file name; undefined if there is none. */
  read(name: string): Promise<string | undefined>;
  /** Stores a text under a name; replaces the previous one. */
  write(name: string, text: string): Promise<void>;
  /** The version of the driver, if the system knows it; WebGPU does not say. Default: empty. */
  driver?(): Promise<string>;
}

/** The fields of a GPUAdapterInfo that identify an adapter. */
export interface AdapterName {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
}

/** Increase it when keys or variants change their meaning; earlier tunings become invalid. */
const VERSION = 1;

/** Most characters of a stored value in a message. */
const MAX_SHOWN = 300;

/** The file of an adapter. */
interface TuningFile extends TuningContext {
  readonly kernels: Readonly<Record<string, string>>;
}

/** What must be unchanged for a file to be valid, and for an adapter to repeat its bits. */
export interface TuningContext {
  readonly version: number;
  readonly adapter: AdapterName;
  readonly driver: string;
  /** The program that compiles the shaders, for example Deno with its version. */
  readonly runtime: string;
}

/** Identifies a kernel by its op, shapes and attributes, independently of its program. */
export function kernelKey({ op, inputs, attributes }: GraphNode): string {
  const shapes = inputs.map(({ shape }) => shape.join("x"));
  return `${op.name} ${shapes.join(" ")} ${JSON.stringify(attributes)}`;
}

/**
 * The tuning of an adapter; empty, with a warning, if it is damaged or of another driver or
 * version.
 *
 * @param context of this system. Default: determined from the store and the adapter
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
    warn(`the tuning of ${adapter.description} is ignored: ${stale}; ${REMEDY}`);
  } catch (error) {
    warn(`the tuning of ${adapter.description} cannot be used: ${messageOf(error)}; ${REMEDY}`);
  }
  return NO_TUNING;
}

/** What to do about a file that is not valid. */
const REMEDY = "run `overfold tune CONFIG` to tune again";

/** Adds to the tuning of an adapter; entries that are no longer valid are removed. */
export async function saveTuning(
  store: TuningStore,
  adapter: AdapterName,
  found: Tuning,
): Promise<void> {
  const context = await contextOf(store, adapter);
  const known = await loadTuning(store, adapter, () => {}, context);
  const kernels = [...known, ...found].toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  const file: TuningFile = { ...context, kernels: Object.fromEntries(kernels) };
  await store.write(fileName(adapter), `${JSON.stringify(file, null, 2)}\n`);
}

/**
 * The tuning of a backend with these numerics. Throws InputError, which names the difference, if
 * this system would compute different bits.
 */
export function repeatedTuning(numerics: Numerics, here: TuningContext): Tuning {
  const { tuning, ...found } = numerics;
  const other = difference(found, here);
  if (other !== undefined) throw new InputError(other);
  const kernels = isRecord(tuning) ? Object.entries(tuning) : [];
  return new Map(kernels.map(([key, variant]) => [key, String(variant)]));
}

/** The context of this system; without a store the driver is unknown. */
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

/** The first difference between contexts, in words; undefined if there is none. */
function difference(
  found: Readonly<Record<string, unknown>>,
  wanted: TuningContext,
): string | undefined {
  const named = { version: "kernels", adapter: "adapter", driver: "driver", runtime: "runtime" };
  for (const key of ["version", "adapter", "driver", "runtime"] as const) {
    if (JSON.stringify(found[key]) === JSON.stringify(wanted[key])) continue;
    const former = JSON.stringify(found[key])?.slice(0, MAX_SHOWN);
    return `it is of another ${named[key]}: ${former} instead of ${JSON.stringify(wanted[key])}`;
  }
}

/** Parses a file. Throws an Error that says what is wrong with it. */
function parse(text: string): TuningFile {
  const file: unknown = JSON.parse(text);
  if (!isRecord(file) || !("version" in file) || !("kernels" in file)) {
    throw new Error("it is not an object with version and kernels");
  }
  const { kernels } = file;
  if (!isRecord(kernels) || Object.values(kernels).some((variant) => typeof variant !== "string")) {
    throw new Error("its kernels are not an object of names");
  }
  return file as unknown as TuningFile;
}
