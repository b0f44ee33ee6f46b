/** No kernel is emitted that would access memory beyond what is planned for its operands. */
import { assertThrows } from "@std/assert";
import { assignAddresses } from "../../../backends/wasm/addresses.ts";
import { advance } from "../../../backends/wasm/kernel.ts";
import { lowerPrograms } from "../../../backends/wasm/lower.ts";
import { isLeaf } from "../../../graph/leaves.ts";
import {
  constant,
  input,
  output,
  readVariable,
  trace,
  updateVariable,
} from "../../../graph/trace.ts";
import type { GraphNode, Program, TensorType, Value } from "../../../graph/types.ts";
import { relu } from "../../../ops/relu.ts";
import { FAMILIES } from "../../support/random_cases.ts";
import { casesOf } from "../../support/random_programs.ts";
import { COMPILED } from "./programs.ts";

/** Runs `use` while a value of a program claims a type other than the one its op computes. */
function withType(value: Value, type: Partial<TensorType>, use: () => void): void {
  const { shape, dtype } = value;
  Object.assign(value, type);
  try {
    use();
  } finally {
    Object.assign(value, { shape, dtype });
  }
}

/** Whether the op decides the shape: no leaf, view, or value that is the same for every element. */
function decidesShape({ op, inputs }: GraphNode): boolean {
  return !isLeaf(op) && op.viewOffset === undefined && inputs.length > 0;
}

/** Lowers a program and finds the addresses of its inputs and outputs. */
function lower(program: Program): void {
  const lowered = lowerPrograms([program], COMPILED);
  const addresses = assignAddresses(lowered);
  const [{ inputs, outputs }] = lowered.programs;
  for (const { ref } of [...inputs.values(), ...outputs.values()]) addresses.address(ref);
}

for (const family of Object.keys(FAMILIES)) {
  Deno.test(`${family}: tensors of shapes that the kernels do not cover are not lowered`, () => {
    for (const { seed, program } of casesOf(family)) {
      lower(program);
      for (const node of program.nodes.filter(decidesShape)) {
        for (const value of node.outputs) {
          const { shape } = value;
          // A scalar may spread over elements.
          const others = shape.length === 0 && !node.op.elementwise
            ? [[2]]
            : shape.flatMap((extent, axis) => [1, -1].map((by) => shape.with(axis, extent + by)));
          for (const other of others) {
            withType(value, { shape: other }, () =>
              assertThrows(
                () => lower(program),
                Error,
                undefined,
                `${seed}: ${node.op.name} ${other}`,
              ));
          }
        }
      }
    }
  });
}

Deno.test("bytes are not lowered for a kernel that expects 32-bit numbers", () => {
  const program = trace({ name: "bytes" }, () => output("y", relu(input("x", [8]))));
  const [x] = program.nodes[0].outputs;
  withType(x, { dtype: "u8" }, () => assertThrows(() => lower(program), Error, "given u8 [8]"));
});

Deno.test("ranges beyond their buffer get no kernel and no address", () => {
  const variables = [{ name: "v", size: 8 }];
  const beyond = [
    () => output("y", readVariable("v", 4, [8])),
    () => output("y", relu(readVariable("v", 4, [8]))),
    () => updateVariable("v", 6, constant([4], new Float32Array(4))),
  ];
  for (const build of beyond) {
    assertThrows(() => lower(trace({ name: "beyond", variables }, build)), Error, "not within");
  }
  const place = { buffer: { bytes: 64 }, offset: 16, bytes: 32 };
  for (const [by, bytes] of [[-4, 8], [32, 4], [0, 36], [0.5, 4], [NaN, 4]]) {
    assertThrows(() => advance(place, by, bytes), Error, "not within");
  }
});
