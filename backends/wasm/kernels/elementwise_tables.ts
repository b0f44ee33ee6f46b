/** What an elementwise kernel computes before its loop: scalars, and tables by channel. */
import {
  i32,
  i32x4,
  memory,
  v128,
  type Vector,
  type WideOperand,
  type WideVectors,
} from "../../../assembler/mod.ts";
import type { KernelFunction } from "../kernel.ts";
import type { Layout } from "../../layout.ts";
import type { LoopPlan } from "./elementwise_plan.ts";
import { frontier, type Term, type TermGraph, VARIES } from "./expression_terms.ts";
import { TermCode } from "./term_code.ts";

/** Computes all terms that vary only with scalars, each in every lane of a vector. */
export function computeScalars(
  f: KernelFunction<string>,
  v: WideVectors,
  graph: TermGraph,
): Map<Term, WideOperand> {
  const known = new Map<Term, WideOperand>();
  const terms = graph.terms.filter(({ varies }) => varies <= VARIES.scalar);
  for (const term of terms) {
    if (term.kind !== "input") continue;
    known.set(term, v.loadSplat(f.parameters[`x${term.value}`]));
  }
  new TermCode(v, graph).compute(terms, known);
  return new Map(
    frontier(graph, VARIES.scalar).map((term) => {
      const value = known.get(term)!;
      return [term, "halves" in value ? shared(f, value.halves[0]) : value];
    }),
  );
}

function shared(f: KernelFunction<string>, vector: Vector): WideOperand {
  const local = f.v128();
  f.set(local, vector);
  return local;
}

/**
 * Fills the thread's tables at the parameter `tables`: first one pixel, four channels at a time,
 * then repetitions of it. Lanes of padding channels are zero.
 */
export function fillTables(
  f: KernelFunction<string>,
  v: WideVectors,
  graph: TermGraph,
  { channels, paddedChannels }: Layout,
  { tables, masked, tableBytes }: LoopPlan,
  scalars: ReadonlyMap<Term, WideOperand>,
): void {
  const start = f.parameters.tables;
  const code = new TermCode(v, graph);
  const terms = graph.terms.filter(({ varies }) => varies === VARIES.channel);
  const inputs = terms.filter(({ kind }) => kind === "input");
  const place = f.i32(), offset = f.i32(), source = f.i32();

  /** Computes four channels at byte `offset`, of which `mask` keeps some. */
  const group = (mask: Vector | undefined) => {
    const known = new Map(scalars);
    f.set(place, i32.add(start, offset));
    for (const term of inputs) {
      f.set(source, i32.add(f.parameters[`x${term.value}`], offset));
      known.set(term, code.keep(term, v.load(source)));
    }
    code.compute(graph.terms.filter(({ kind }) => kind === "constant"), known);
    code.compute(terms, known);
    tables.forEach((term, i) => {
      const value = known.get(term)!;
      v.store(place, mask ? v.and(value, { halves: [mask] }) : value, i * tableBytes);
    });
    if (masked) {
      const all = i32x4.constant(-1);
      f.emit(v128.store(place, mask ?? all, tables.length * tableBytes));
    }
  };
  const whole = 4 * (channels - channels % 4);
  f.loop(offset, 0, whole, 16, () => group(undefined));
  if (channels % 4 > 0) {
    f.set(offset, whole);
    const lanes = [0, 1, 2, 3].map((lane) => lane < channels % 4 ? -1 : 0);
    group(i32x4.constant(...lanes));
  }
  const pixel = 4 * paddedChannels;
  for (let i = 0; i < tables.length + (masked ? 1 : 0); i++) {
    f.set(place, i32.add(start, i * tableBytes));
    f.loop(offset, pixel, tableBytes, pixel, () => {
      f.emit(memory.copy(i32.add(place, offset), place, pixel));
    });
  }
}
