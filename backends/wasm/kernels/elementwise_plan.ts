/** The plan of an elementwise kernel's loop. */
import { greatestCommonDivisor } from "../../../graph/numbers.ts";
import type { Target } from "../../../assembler/mod.ts";
import type { Layout } from "../../layout.ts";
import { frontier, type Term, type TermGraph, VARIES } from "./expression_terms.ts";

/**
 * Minimum elements of a table, to be worth a loop of its own. Bench:
 * `deno task kernel channelAffine --shape 64x64x32x32 --shape 64 --shape 64`.
 */
const TABLE_LENGTH = 512;
/** A thread's share is a multiple of this where no table asks for more: four cache lines. */
const GRAIN = 64;

/** What shares are multiples of, in elements: every share begins at the start of the tables. */
export function loopGrain({ tableLength }: LoopPlan): number {
  return tableLength || GRAIN;
}

export interface LoopPlan {
  /** Elements per round. */
  readonly step: number;
  /** Terms that vary by channel alone: one table each. */
  readonly tables: readonly Term[];
  /** Whether one more table masks padding lanes, which then stay zero whatever is computed. */
  readonly masked: boolean;
  /** Tables, the mask included. */
  readonly tableCount: number;
  /** Elements of a table: whole pixels and whole rounds. 0 if there is none. */
  readonly tableLength: number;
  readonly tableBytes: number;
}

export function planLoop(graph: TermGraph, layout: Layout, target: Target): LoopPlan {
  const tables = frontier(graph, VARIES.channel);
  const masked = layout.paddedChannels !== layout.channels;
  const work = graph.terms.filter(({ varies }) => varies === VARIES.full).length;
  const step = 4 * target.wide * (work <= 6 ? 4 : work <= 12 ? 2 : 1);
  const tableCount = tables.length + (masked ? 1 : 0);
  const { paddedChannels } = layout;
  // The least common multiple.
  const pixels = paddedChannels / greatestCommonDivisor(paddedChannels, step) * step;
  const tableLength = tableCount === 0
    ? 0
    : pixels * Math.max(1, Math.floor(TABLE_LENGTH / pixels));
  return { step, tables, masked, tableCount, tableLength, tableBytes: 4 * tableLength };
}
