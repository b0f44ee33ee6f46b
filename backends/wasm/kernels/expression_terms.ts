/**
 * An elementwise op's scalar expression as terms: what the kernel generator needs to know before it
 * writes code. Equal terms are one term, so nothing is computed twice, and each records what it
 * varies with, so values that are the same for a whole channel are not computed for every element.
 */
import type { Arithmetic } from "../../../graph/types.ts";
import { type Broadcast, float64 } from "../../../ops/elementwise.ts";

/** The operations of a term, and its two kinds of leaves. */
export type TermKind = "constant" | "input" | Exclude<keyof Arithmetic<unknown>, "constant">;

/** What a term varies with, from nothing to every element. */
export const VARIES = { nothing: 0, scalar: 1, channel: 2, full: 3 } as const;

/** A node of an expression. */
export interface Term {
  readonly kind: TermKind;
  readonly operands: readonly Term[];
  /** The constant, or the index of the input. */
  readonly value: number;
  /** One of {@link VARIES}. */
  readonly varies: number;
  /** Unique among the terms of an expression; operands have lower ones. */
  readonly id: number;
}

/** An expression: its outputs, and its terms in an order in which operands come first. */
export interface TermGraph {
  readonly outputs: readonly Term[];
  readonly terms: readonly Term[];
  readonly uses: ReadonlyMap<Term, number>;
  /** Equal for expressions that compute the same. */
  readonly key: string;
}

/**
 * The terms of an expression.
 *
 * @param broadcasts How each input spreads over the output.
 * @param write Writes the expression in the given arithmetic.
 */
export function termGraph(
  broadcasts: readonly Broadcast[],
  write: <E>(arithmetic: Arithmetic<E>, inputs: readonly E[]) => E[],
): TermGraph {
  const terms: Term[] = [];
  const known = new Map<string, Term>();
  const make = (kind: TermKind, operands: readonly Term[], value: number, varies: number) => {
    // The key must distinguish -0 from 0.
    const number = Object.is(value, -0) ? "-0" : `${value}`;
    const key = `${kind} ${number} ${operands.map(({ id }) => id)}`;
    let term = known.get(key);
    if (!term) {
      term = { kind, operands, value, varies, id: terms.length };
      terms.push(term);
      known.set(key, term);
    }
    return term;
  };
  const constant = (value: number) => make("constant", [], value, VARIES.nothing);
  const operation =
    (kind: Exclude<TermKind, "constant" | "input">) => (...operands: Term[]): Term => {
      const varies = Math.max(...operands.map((operand) => operand.varies));
      if (varies > VARIES.nothing) return make(kind, operands, 0, varies);
      const compute = float64[kind] as (...values: number[]) => number;
      return constant(compute(...operands.map(({ value }) => value)));
    };
  const inputs = broadcasts.map((broadcast, i) => make("input", [], i, VARIES[broadcast]));
  const { constant: _, ...operations } = float64;
  const kinds = Object.keys(operations) as (keyof typeof operations)[];
  const arithmetic = Object.fromEntries(kinds.map((kind) => [kind, operation(kind)]));
  const outputs = write({ constant, ...arithmetic } as Arithmetic<Term>, inputs);
  return { outputs, ...reachable(terms, outputs) };
}

/** The terms the outputs depend on. */
function reachable(terms: readonly Term[], outputs: readonly Term[]): Omit<TermGraph, "outputs"> {
  const uses = new Map<Term, number>();
  const use = (term: Term) => uses.set(term, (uses.get(term) ?? 0) + 1);
  outputs.forEach(use);
  for (const term of terms.toReversed()) {
    if (uses.has(term)) term.operands.forEach(use);
  }
  const live = terms.filter((term) => uses.has(term));
  const place = new Map(live.map((term, i) => [term, i]));
  const places = (list: readonly Term[]) => list.map((term) => place.get(term)).join();
  const described = live.map(({ kind, value, varies, operands }) =>
    `${kind}(${operands.length > 0 ? places(operands) : `${value}:${varies}`})`
  );
  return { terms: live, uses, key: `${described.join(" ")} -> ${places(outputs)}` };
}

/**
 * The terms that vary exactly with `varies` and that outputs or terms varying with more use: those
 * worth computing ahead.
 */
export function frontier({ terms, outputs }: TermGraph, varies: number): Term[] {
  const used = new Set(outputs);
  for (const term of terms) {
    if (term.varies > varies) term.operands.forEach((operand) => used.add(operand));
  }
  return terms.filter((term) => term.varies === varies && used.has(term));
}
