/** Fixtures: files with inputs and PyTorch's results; see tests/fixtures/README.md. */
import { dirname } from "@std/path";
import type { z } from "zod";
import { sizeOf } from "../../graph/types.ts";
import { readSafetensors } from "../../safetensors/file.ts";
import type { Tensor } from "../../safetensors/safetensors.ts";
import { type Comparison, deviation } from "./tolerance.ts";

/**
 * A tensor of a fixture: numbers as f32, labels and indices as i32, schedules as f64, images as u8.
 */
export interface FixtureTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Float64Array | Uint8Array;
}

/** The kind of a file, from its header alone. */
export function kindOf(path: string): string {
  using file = Deno.openSync(path);
  const length = new DataView(readBytes(file, 8).buffer).getBigUint64(0, true);
  const header = JSON.parse(new TextDecoder().decode(readBytes(file, Number(length))));
  return header.__metadata__?.kind ?? "none";
}

function readBytes(file: Deno.FsFile, count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const read = file.readSync(bytes.subarray(at));
    if (read === null) throw new Error(`the file ends after ${at} of ${count} bytes`);
    at += read;
  }
  return bytes;
}

/** One file. Tracks its tensors: each must be used as an input or compared with a result. */
export class Fixture {
  readonly kind: string;
  readonly #config: unknown;
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly #unused: Set<string>;
  readonly #comparisons: Comparison[] = [];

  private constructor(
    readonly label: string,
    /** The folder of the file and of files that belong to it. */
    readonly folder: string,
    metadata: Readonly<Record<string, string>>,
    tensors: ReadonlyMap<string, Tensor>,
  ) {
    this.kind = metadata.kind ?? "none";
    this.#config = JSON.parse(metadata.config ?? "{}");
    this.#tensors = tensors;
    this.#unused = new Set(tensors.keys());
  }

  /** Reads a file. */
  static async read(path: string, label = path): Promise<Fixture> {
    const { metadata, tensors } = await readSafetensors(path);
    return new Fixture(label, dirname(path), metadata, tensors);
  }

  /** The case's parameters, validated by a schema. */
  config<T>(schema: z.ZodType<T>): T {
    const { success, data, error } = schema.safeParse(this.#config);
    if (!success) throw new Error(`${this.label}: this config is not understood: ${error.message}`);
    return data;
  }

  /** Names of all tensors. */
  get names(): string[] {
    return [...this.#tensors.keys()];
  }

  /** Whether there is a tensor with this name. */
  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** A tensor that is an input of the computation. */
  input(name: string): FixtureTensor {
    this.#unused.delete(name);
    const tensor = this.#tensors.get(name);
    if (!tensor) throw new Error(`${this.label}: there is no tensor ${name}`);
    const { shape, dtype, data } = tensor;
    switch (dtype) {
      case "F32":
      case "F64":
      case "I32":
      case "U8":
        return { shape, data };
      case "I64":
        return { shape, data: Int32Array.from(data, Number) };
      default:
        throw new Error(`${this.label}: ${name} holds ${dtype}; expected F32, F64, I32, I64 or U8`);
    }
  }

  /** Step `index` of a tensor whose first axis is the step. */
  inputStep(name: string, index: number): FixtureTensor {
    const { shape, data } = this.input(name);
    const stepShape = shape.slice(1);
    const size = sizeOf(stepShape);
    return { shape: stepShape, data: data.slice(index * size, (index + 1) * size) };
  }

  /** Compares a result with the tensor `name`. */
  compare(name: string, actual: ArrayLike<number>, tolerance?: number): void {
    const { data } = this.input(name);
    this.#comparisons.push({ name, ...deviation(actual, data), tolerance });
  }

  /** Compares one result per step with the tensor `name`, whose first axis is the step. */
  compareSteps(name: string, steps: readonly ArrayLike<number>[], tolerance?: number): void {
    this.compare(name, steps.flatMap((step) => Array.from(step)), tolerance);
  }

  /** All comparisons. Throws if a tensor of the file was neither compared nor an input. */
  comparisons(): readonly Comparison[] {
    if (this.#unused.size > 0) {
      throw new Error(`${this.label}: nothing checked ${[...this.#unused].join(", ")}`);
    }
    return this.#comparisons;
  }
}
