/** Checks of callers' arguments that all backends share. */
import { InputError } from "../errors.ts";
import { programInputs } from "../graph/leaves.ts";
import { type DType, formatShape, type Program, sizeOf } from "../graph/types.ts";
import type { TensorData } from "./backend.ts";

const ARRAYS = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } satisfies Record<
  DType,
  unknown
>;

/** Throws InputError unless `inputs` contains exactly the program's inputs. */
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

/** The array that a variable is read into. Throws InputError if its length is not `size`. */
export function readTarget(
  variable: string,
  size: number,
  into: Float32Array = new Float32Array(size),
): Float32Array {
  if (into.length === size) return into;
  throw new InputError(
    `variable "${variable}" has ${size} elements; the array to read it into has ${into.length}`,
  );
}
