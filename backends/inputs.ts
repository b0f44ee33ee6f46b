/** The checks of what callers hand in that all backends share. */
import { InputError } from "../errors.ts";
import { programInputs } from "../graph/leaves.ts";
import { type DType, formatShape, type Program, sizeOf } from "../graph/types.ts";
import type { TensorData } from "./backend.ts";

const ARRAYS = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } satisfies Record<
  DType,
  unknown
>;

/** Throws InputError unless `inputs` holds exactly what the program asks for. */
export function checkInputs(
  program: Program,
  inputs: Readonly<Record<string, TensorData>>,
): void {
  const wanted = programInputs(program);
  for (const { name, shape, dtype } of wanted) {
    const data = inputs[name];
    const expected = `${dtype} ${formatShape(shape)}`;
    if (!data) throw new InputError(`${program.name}: input "${name}" (${expected}) is missing`);
    if (!(data instanceof ARRAYS[dtype]) || data.length !== sizeOf(shape)) {
      throw new InputError(
        `${program.name}: input "${name}" is a ${data.constructor.name} of ${data.length}; ` +
          `expected ${expected}, a ${ARRAYS[dtype].name} of ${sizeOf(shape)}`,
      );
    }
  }
  const unknown = Object.keys(inputs).find((name) => !wanted.some((input) => input.name === name));
  if (unknown !== undefined) {
    throw new InputError(
      `${program.name}: unknown input "${unknown}"; expected ${
        wanted.map(({ name }) => name).join(", ")
      }`,
    );
  }
}

/** Where a variable is read to. Throws InputError unless that has as many elements. */
export function readTarget(
  variable: string,
  size: number,
  into: Float32Array = new Float32Array(size),
): Float32Array {
  if (into.length === size) return into;
  throw new InputError(
    `variable "${variable}" of ${size} elements was to be read into an array of ${into.length}`,
  );
}
