/** Runs programs on a backend in one call. */
import type { Backend, TensorData } from "../../backends/backend.ts";
import { input, output, trace } from "../../graph/trace.ts";
import type { DType, Shape, Value } from "../../graph/types.ts";

/** An input of a program. */
export interface InputTensor {
  readonly shape: Shape;
  readonly data: TensorData | Float64Array;
}

/**
 * Traces `build`, which gets a value for each input, runs the program once on `backend` and returns
 * the values that `build` returned, computed.
 */
export async function compute<K extends string>(
  backend: Backend,
  inputs: Readonly<Record<K, InputTensor>>,
  build: (values: Record<K, Value>) => Record<string, Value>,
): Promise<Record<string, Float32Array>> {
  const program = trace({ name: "test" }, () => {
    const values = mapValues(inputs, ({ shape, data }, name) => input(name, shape, dtypeOf(data)));
    Object.entries(build(values)).forEach(([name, value]) => output(name, value));
  });
  const executable = await backend.compile([program]);
  try {
    return await executable.run("test", mapValues(inputs, ({ data }) => narrow(data)));
  } finally {
    executable.dispose();
  }
}

function mapValues<K extends string, A, B>(
  record: Readonly<Record<K, A>>,
  convert: (value: A, key: K) => B,
): Record<K, B> {
  const entries = (Object.keys(record) as K[]).map((key) => [key, convert(record[key], key)]);
  return Object.fromEntries(entries);
}

/** The element type of a program input for this data. */
export function dtypeOf(data: InputTensor["data"]): DType {
  return data instanceof Int32Array ? "i32" : data instanceof Uint8Array ? "u8" : "f32";
}

/** The data as program inputs take it: float64 becomes f32. */
export function narrow(data: InputTensor["data"]): TensorData {
  return data instanceof Float64Array ? Float32Array.from(data) : data;
}
