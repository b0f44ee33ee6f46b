/** Code for the terms of an elementwise expression. */
import type { Wide, WideLocal, WideOperand, WideVectors } from "../../../assembler/mod.ts";
import type { Term, TermGraph } from "./expression_terms.ts";
import { exp, log1p, maximumWithConstant, tanh } from "./vector_math.ts";

/** Writes terms in vectors of one width. */
export class TermCode {
  readonly #locals = new Map<Term, WideLocal>();
  /** Products that are computed as part of the sum they belong to. */
  readonly #fused: ReadonlySet<Term>;

  constructor(private readonly v: WideVectors, graph: TermGraph) {
    this.#fused = fusedProducts(graph);
  }

  /**
   * Computes terms, each into a local that is the same at every call, in the order given.
   *
   * @param known Terms computed already; the new ones are added.
   */
  compute(terms: readonly Term[], known: Map<Term, WideOperand>): void {
    for (const term of terms) {
      if (known.has(term)) continue;
      if (term.kind === "constant") known.set(term, this.v.constant(term.value));
      else if (!this.#fused.has(term)) known.set(term, this.keep(term, this.#value(term, known)));
    }
  }

  /** The value of a term; computes its operands, which are then known. */
  evaluate(term: Term, terms: readonly Term[], known: Map<Term, WideOperand>): Wide {
    this.compute(terms.filter((other) => other !== term), known);
    return this.#value(term, known);
  }

  /** Stores a value in the term's local, and returns the local. */
  keep(term: Term, value: WideOperand): WideLocal {
    let local = this.#locals.get(term);
    if (!local) this.#locals.set(term, local = this.v.local());
    this.v.set(local, value);
    return local;
  }

  #value({ kind, operands }: Term, known: ReadonlyMap<Term, WideOperand>): Wide {
    const v = this.v;
    const at = (index: number): WideOperand => {
      const operand = known.get(operands[index]);
      if (!operand) throw new Error(`${kind} is computed before its operands`);
      return operand;
    };
    switch (kind) {
      case "add":
      case "subtract": {
        const product = operands.findIndex((operand) => this.#fused.has(operand));
        if (product < 0) return kind === "add" ? v.add(at(0), at(1)) : v.sub(at(0), at(1));
        const [a, b] = operands[product].operands.map((factor) => known.get(factor)!);
        return kind === "add" ? v.madd(a, b, at(1 - product)) : v.nmadd(a, b, at(0));
      }
      case "multiply":
        return v.mul(at(0), at(1));
      case "divide":
        return v.div(at(0), at(1));
      case "maximum":
      case "minimum": {
        const constant = operands.findIndex((operand) => operand.kind === "constant");
        if (kind === "minimum") return v.min(at(0), at(1));
        if (constant < 0) return v.max(at(0), at(1));
        return maximumWithConstant(v, at(1 - constant), operands[constant].value);
      }
      case "squareRoot":
        return v.sqrt(at(0));
      case "tanh":
        return tanh(v, at(0));
      case "exp":
        return exp(v, at(0));
      case "log1p":
        return log1p(v, at(0));
      case "selectGreater": {
        const [, , , otherwise] = operands;
        const greater = v.greater(at(0), at(1));
        return otherwise.kind === "constant" && Object.is(otherwise.value, 0)
          ? v.and(at(2), greater)
          : v.select(greater, at(2), at(3));
      }
      default:
        throw new Error(`an ${kind} must be known before terms are computed`);
    }
  }
}

/**
 * The products that are used once, as a summand, and at the rate at which their sum is computed:
 * with the sum they are one fused multiply-add. Of two such summands the first is chosen.
 */
function fusedProducts({ terms, uses }: TermGraph): Set<Term> {
  const fused = new Set<Term>();
  for (const { kind, operands, varies } of terms) {
    if (kind !== "add" && kind !== "subtract") continue;
    const candidates = kind === "add" ? operands : operands.slice(1);
    const product = candidates.find((operand) =>
      operand.kind === "multiply" && operand.varies === varies && uses.get(operand) === 1
    );
    if (product) fused.add(product);
  }
  return fused;
}
