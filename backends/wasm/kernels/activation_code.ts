/** Code of activations on values that a kernel holds in registers. */
import type { Wide, WideLocal, WideVectors } from "../../../assembler/mod.ts";
import type { Activation } from "../epilogues.ts";
import { termGraph } from "./expression_terms.ts";
import { TermCode } from "./term_code.ts";

/** An activation in kernels' keys: its op and its attributes. */
export function activationKey({ op, attributes }: Activation): string {
  return [op.name, ...Object.values(attributes)].join(" ");
}

/** Writes an activation in one function. */
export class ActivationCode {
  readonly #graph;
  readonly #codes = new Map<WideVectors, TermCode>();

  constructor({ op, attributes }: Activation) {
    this.#graph = termGraph(
      ["full"],
      (arithmetic, inputs) => op.elementwise!.expression(arithmetic, inputs, attributes),
    );
  }

  apply(v: WideVectors, value: WideLocal): Wide {
    const { terms, outputs: [output] } = this.#graph;
    const code = this.#codes.get(v) ?? new TermCode(v, this.#graph);
    this.#codes.set(v, code);
    const input = terms.find(({ kind }) => kind === "input")!;
    return code.evaluate(output, terms, new Map([[input, value]]));
  }
}
