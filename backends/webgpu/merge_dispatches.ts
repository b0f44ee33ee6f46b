/**
 * The order of dispatches, and which dispatches share one. A network has dozens of dispatches that take
 * longer to start than to run: composing a kernel, moving a running mean. Those that do not depend
 * on each other are brought together and become one dispatch, a few workgroups for each.
 */
import type { LoweredDispatch } from "./lowered_program.ts";
import {
  type Constants,
  itemDispatch,
  MAX_WORKGROUPS,
  type MemoryBuffer,
  movedBytes,
  type Operand,
  THREADS,
} from "./kernel.ts";
import { placesOverlap } from "../placement.ts";
import { storeName } from "./wgsl.ts";

/** Most buffers that a joined dispatch binds: as many as every adapter offers. */
const MAX_BUFFERS = 8;
/** Most dispatches in a dispatch: each adds to the shader's text. */
const MAX_MEMBERS = 64;

/** The same work in fewer dispatches. */
export function mergeDispatches(dispatches: readonly LoweredDispatch[]): LoweredDispatch[] {
  const scheduled: LoweredDispatch[] = [];
  let waiting: LoweredDispatch[] = [];
  const flush = () => {
    scheduled.push(...joinAll(waiting));
    waiting = [];
  };
  for (const dispatch of hoist(dispatches)) {
    if (waiting.some((other) => conflict(other, dispatch))) flush();
    (dispatch.small ? waiting : scheduled).push(dispatch);
  }
  flush();
  return scheduled;
}

/**
 * Small dispatches that depend on nothing but variables and each other come first; among them, those that
 * depend on none before those that depend on these.
 */
function hoist(dispatches: readonly LoweredDispatch[]): LoweredDispatch[] {
  const levels: LoweredDispatch[][] = [];
  const rest: LoweredDispatch[] = [];
  for (const dispatch of dispatches) {
    if (!dispatch.small || rest.some((other) => conflict(other, dispatch))) {
      rest.push(dispatch);
      continue;
    }
    const level = levels.findLastIndex((others) =>
      others.some((other) => conflict(other, dispatch))
    );
    (levels[level + 1] ??= []).push(dispatch);
  }
  return [...levels.flat(), ...rest];
}

/** Whether the order of two dispatches matters: one writes what the other reads or writes. */
function conflict(a: LoweredDispatch, b: LoweredDispatch): boolean {
  const operands = Object.values<Operand>(b.operands);
  return Object.values<Operand>(a.operands).some((one) =>
    operands.some((other) => (one.write || other.write) && placesOverlap(one.ref, other.ref))
  );
}

/** Dispatches that may run in any order, merged into as few dispatches as bindings allow. */
function joinAll(dispatches: readonly LoweredDispatch[]): LoweredDispatch[] {
  const groups: LoweredDispatch[][] = [];
  for (const dispatch of dispatches) {
    const group = groups.find((group) => isBindable([...group, dispatch]));
    if (group) group.push(dispatch);
    else groups.push([dispatch]);
  }
  return groups.map((group) => group.length === 1 ? group[0] : join(group));
}

/** Whether dispatches can share bindings: few enough buffers, each of one element type. */
function isBindable(dispatches: readonly LoweredDispatch[]): boolean {
  const types = new Map<MemoryBuffer, string>();
  const operands = dispatches.flatMap(({ operands }) => Object.values<Operand>(operands));
  const haveOneType = operands.every(({ ref, type }) => {
    const known = types.get(ref.buffer) ?? type;
    types.set(ref.buffer, known);
    return known === type;
  });
  const workgroups = dispatches.reduce((sum, { workgroups: [x] }) => sum + x, 0);
  return haveOneType && workgroups <= MAX_WORKGROUPS && types.size <= MAX_BUFFERS &&
    dispatches.length <= MAX_MEMBERS;
}

/** One dispatch that does what the members do; each has workgroups of its own. */
function join(members: readonly LoweredDispatch[]): LoweredDispatch {
  const operands: Record<string, Operand> = {};
  const constants: Record<string, Constants[string]> = {};
  const texts: string[] = [], calls: string[] = [];
  let first = 0;
  members.forEach((member, k) => {
    const own = Object.entries<Operand>(member.operands);
    for (const [name, operand] of own) operands[numbered(name, k)] = operand;
    for (const [name, value] of Object.entries(member.constants ?? {})) {
      constants[numbered(name, k)] = value;
    }
    const names = [
      ...own.map(([name, { write }]) => write ? storeName(name) : name),
      ...Object.keys(member.constants ?? {}),
      ...Array.from(member.wgsl.matchAll(/^(?:fn|const) (\w+)/gm), ([, name]) => name),
    ];
    texts.push(
      member.wgsl.replace(
        new RegExp(`\\b(${names.join("|")})\\b`, "g"),
        (name) => numbered(name, k),
      ),
    );
    const end = first + member.items!;
    calls.push(`if (i >= ${first} && i < ${end}) { ${numbered("item", k)}(i - ${first}); }`);
    first += THREADS * member.workgroups[0];
  });
  const names = [...new Set(members.map(({ name }) => name))];
  return {
    ...itemDispatch({
      name: names.join(" + "),
      operands,
      items: first,
      constants,
      wgsl: `${texts.join("\n")}\nfn item(i: u32) {\n${calls.join("\n")}\n}`,
      flops: members.reduce((sum, { flops = 0 }) => sum + flops, 0),
    }),
    label: `${members.length} small dispatches`,
    bytes: members.reduce((sum, member) => sum + movedBytes(member), 0),
  };
}

/** What is called `name` in the text of member `k` of a joined dispatch. */
function numbered(name: string, k: number): string {
  return `${name}_${k}`;
}
