/**
 * The reference backend: evaluates the definition of every op in float64, one node after another.
 * It is slow; the other backends are tested against it.
 */
import { InputError } from "../../errors.ts";
import { constantOp, inputOp, variableOp } from "../../graph/leaves.ts";
import { eliminateDeadCode } from "../../graph/passes/dead_code.ts";
import { type Program, sizeOf, type Value } from "../../graph/types.ts";
import type { Backend, Executable, KernelTiming, MemoryPlan, TensorData } from "../backend.ts";
import { checkInputs, readTarget } from "../inputs.ts";

/** The reference backend. Variables keep float64 precision between runs; `read` rounds to f32. */
export function referenceBackend(): Backend {
  return {
    name: "reference",
    description: "reference: float64, one thread",
    threads: 1,
    numerics: {},
    runsInFlight: 2,
    blocking: true,
    plan,
    compile: (programs) => Promise.resolve(new ReferenceExecutable(programs)),
  };
}

function plan(programs: readonly Program[]): MemoryPlan {
  const variables = new Map(
    programs.flatMap(({ variables }) => variables.map(({ name, size }) => [name, size])),
  );
  const variableBytes = 8 * [...variables.values()].reduce((sum, size) => sum + size, 0);
  const temporaryBytes = Math.max(
    0,
    ...programs.map(({ nodes }) =>
      8 * nodes.flatMap(({ outputs }) => outputs).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
    ),
  );
  const totalBytes = variableBytes + temporaryBytes;
  return { variableBytes, temporaryBytes, totalBytes, fits: true };
}

class ReferenceExecutable implements Executable {
  readonly #programs: Map<string, Program>;
  readonly #variables = new Map<string, Float64Array>();
  #lastInputs: Readonly<Record<string, TensorData>> = {};

  constructor(programs: readonly Program[]) {
    this.#programs = new Map(programs.map((program) => [program.name, eliminateDeadCode(program)]));
    for (const { name, size } of programs.flatMap(({ variables }) => variables)) {
      this.#variables.set(name, new Float64Array(size));
    }
  }

  run(
    name: string,
    inputs: Readonly<Record<string, TensorData>>,
  ): Promise<Record<string, Float32Array>> {
    const program = this.#programs.get(name);
    if (!program) throw new InputError(`there is no program "${name}"`);
    checkInputs(program, inputs);
    this.#lastInputs = inputs;
    const values = evaluateProgram(program, inputs, (variable) => this.#variable(variable));
    for (const { variable, offset, value } of program.updates) {
      this.#variable(variable).set(values.get(value)!, offset);
    }
    return Promise.resolve(Object.fromEntries(
      Object.entries(program.outputs).map(([name, value]) => [
        name,
        Float32Array.from(values.get(value)!),
      ]),
    ));
  }

  // deno-lint-ignore require-await -- errors must come as rejections
  async read(variable: string, into?: Float32Array): Promise<Float32Array> {
    const elements = this.#variable(variable);
    const target = readTarget(variable, elements.length, into);
    target.set(elements);
    return target;
  }

  write(variable: string, data: Float32Array, offset = 0): void {
    this.#variable(variable).set(data, offset);
  }

  async profile(name: string, runs: number): Promise<KernelTiming[]> {
    const start = performance.now();
    for (let i = 0; i < runs; i++) await this.run(name, this.#lastInputs);
    const milliseconds = (performance.now() - start) / runs;
    return [{ kernel: "reference", label: name, milliseconds, flops: 0 }];
  }

  dispose(): void {}

  #variable(name: string): Float64Array {
    const data = this.#variables.get(name);
    if (!data) throw new InputError(`there is no variable "${name}"`);
    return data;
  }
}

/** Every value of a program in float64, given its inputs and the current variables. */
export function evaluateProgram(
  program: Program,
  inputs: Readonly<Record<string, TensorData>>,
  variable: (name: string) => Float64Array,
): Map<Value, Float64Array> {
  const values = new Map<Value, Float64Array>();
  for (const node of program.nodes) {
    const { op, attributes, outputs } = node;
    if (op === inputOp) {
      values.set(outputs[0], Float64Array.from(inputs[attributes.name]));
    } else if (op === variableOp) {
      const { offset } = attributes;
      // A copy: updates take effect after all reads.
      values.set(
        outputs[0],
        variable(attributes.variable).slice(offset, offset + sizeOf(outputs[0].shape)),
      );
    } else if (op === constantOp) {
      values.set(outputs[0], Float64Array.from(attributes.data));
    } else {
      const operands = node.inputs.map((value) => ({
        shape: value.shape,
        data: values.get(value)!,
      }));
      op.evaluate(operands, attributes, outputs).forEach((data, i) => values.set(outputs[i], data));
    }
  }
  return values;
}
