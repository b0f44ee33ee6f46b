/** The loop of an elementwise kernel: tables, whole vectors, and the elements left over. */
import {
  i32,
  Local,
  select,
  type Target,
  v128,
  type Wide,
  type WideOperand,
  WideVectors,
} from "../../../assembler/mod.ts";
import type { KernelFunction } from "../kernel.ts";
import type { Layout } from "../../layout.ts";
import type { LoopPlan } from "./elementwise_plan.ts";
import { type Term, type TermGraph, VARIES } from "./expression_terms.ts";
import { computeScalars, fillTables } from "./elementwise_tables.ts";
import { TermCode } from "./term_code.ts";

/**
 * Writes the kernel: rounds of the plan's step, then of one vector, then of one element. Its
 * parameters are `x0`, `x1`, … for inputs, `y0`, … for outputs, and `tables`.
 *
 * @param unit Elements of which every share is a multiple, and so is their total.
 * @param tableStride Bytes from a thread's tables to the next thread's.
 */
export function writeLoop(
  f: KernelFunction<string>,
  target: Target,
  graph: TermGraph,
  layout: Layout,
  plan: LoopPlan,
  unit: number,
  tableStride: number,
): void {
  const { step, tableCount, tableLength } = plan;
  const { tables, thread, first, end, isFirstCall } = f.parameters;
  f.if(i32.geU(first, end), () => f.return());

  const narrow = new WideVectors(f, { ...target, wide: 1 });
  const scalars = computeScalars(f, narrow, graph);
  if (tableCount > 0) {
    f.increment(tables, i32.mul(thread, tableStride));
    f.if(isFirstCall, () => fillTables(f, narrow, graph, layout, plan, scalars));
  }

  const cursors = openCursors(f, graph, first);
  const element = f.i32(), vectorEnd = f.i32(), table = f.i32();
  const advance = (elements: number) => {
    for (const cursor of cursors.values()) f.increment(cursor, 4 * elements);
    if (tableCount > 0) f.increment(table, 4 * elements);
  };
  const round = { graph, plan, scalars, cursors, table };

  const walk = (v: WideVectors, code: TermCode, step: number, to: Local<"i32">) =>
    f.loop(element, element, to, step, () => {
      for (let i = 0; i < step; i += v.lanes) {
        writeRound(round, v, code, {
          load: (place, offset) => v.load(place, offset + 4 * i),
          store: (place, value) => v.store(place, value, 4 * i),
        });
      }
      advance(step);
    });
  const endOfWhole = (step: number) =>
    f.set(vectorEnd, i32.sub(end, i32.remU(i32.sub(end, element), step)));
  const wide = new WideVectors(f, target);
  const wideCode = new TermCode(wide, graph);
  f.set(element, first);
  endOfWhole(step);
  if (tableCount === 0) {
    walk(wide, wideCode, step, vectorEnd);
  } else {
    const tableEnd = f.i32();
    f.while(i32.ltU(element, vectorEnd), () => {
      f.set(tableEnd, i32.add(element, tableLength));
      f.set(tableEnd, select("i32", i32.ltU(tableEnd, vectorEnd), tableEnd, vectorEnd));
      f.set(table, tables);
      walk(wide, wideCode, step, tableEnd);
    });
  }

  if (unit % step === 0) return;
  if (tableCount > 0) {
    const place = i32.remU(i32.sub(element, first), tableLength);
    f.set(table, i32.add(tables, i32.mul(place, 4)));
  }
  const narrowCode = new TermCode(narrow, graph);
  if (step > narrow.lanes) {
    endOfWhole(narrow.lanes);
    walk(narrow, narrowCode, narrow.lanes, vectorEnd);
    if (unit % narrow.lanes === 0) return;
  }
  f.loop(element, element, end, 1, () => {
    writeRound(round, narrow, narrowCode, {
      load: (place, offset) => ({ halves: [v128.load32Zero(place, offset)] }),
      store: (place, value) => {
        const vector = value instanceof Local ? value : value.halves[0];
        f.emit(v128.store32Lane(place, vector, 0));
      },
    });
    advance(1);
  });
}

/** How elements are read and written. */
interface Access {
  load(place: Local<"i32">, offset: number): Wide;
  store(place: Local<"i32">, value: WideOperand): void;
}

/** What all rounds share. */
interface Round {
  readonly graph: TermGraph;
  readonly plan: LoopPlan;
  readonly scalars: ReadonlyMap<Term, WideOperand>;
  /** Where inputs are read and outputs written, by parameter. */
  readonly cursors: ReadonlyMap<string, Local<"i32">>;
  readonly table: Local<"i32">;
}

/** Computes a vector of every output. All loads come first: inputs and outputs may coincide. */
function writeRound(
  { graph, plan, scalars, cursors, table }: Round,
  v: WideVectors,
  code: TermCode,
  access: Access,
): void {
  const known = new Map(scalars);
  const cursor = (name: string) => cursors.get(name)!;
  const full = graph.terms.filter(({ varies }) => varies === VARIES.full);
  for (const term of full) {
    if (term.kind !== "input") continue;
    known.set(term, code.keep(term, access.load(cursor(`x${term.value}`), 0)));
  }
  plan.tables.forEach((term, i) =>
    known.set(term, code.keep(term, access.load(table, i * plan.tableBytes)))
  );
  code.compute(graph.terms.filter(({ kind }) => kind === "constant"), known);
  code.compute(full, known);
  const results = graph.outputs.map((term) => {
    const value = known.get(term)!;
    return plan.masked
      ? v.and(value, access.load(table, plan.tables.length * plan.tableBytes))
      : value;
  });
  results.forEach((value, i) => access.store(cursor(`y${i}`), value));
}

/** A local for each full input and each output, at the thread's first element. */
function openCursors(
  f: KernelFunction<string>,
  { terms, outputs }: TermGraph,
  first: Local<"i32">,
): Map<string, Local<"i32">> {
  const inputs = terms.filter(({ kind, varies }) => kind === "input" && varies === VARIES.full);
  const names = [...inputs.map(({ value }) => `x${value}`), ...outputs.map((_, i) => `y${i}`)];
  return new Map(names.map((name) => {
    const cursor = f.i32();
    f.set(cursor, i32.add(f.parameters[name], i32.mul(first, 4)));
    return [name, cursor];
  }));
}
