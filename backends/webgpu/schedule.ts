/**
 * The order of dispatches, and which phases share one. A network has dozens of phases that take
 * longer to start than to run: composing a kernel, moving a running mean. Those that do not depend
 * on each other are brought together and become one dispatch, a few workgroups for each.
 */
import type { LoweredPhase } from "./lowered_program.ts";
import {
  type Constants,
  itemPhase,
  MAX_WORKGROUPS,
  type MemoryBuffer,
  movedBytes,
  type PhaseOperand,
  type Ref,
  THREADS,
} from "./kernel.ts";
import { storeName } from "./wgsl.ts";

/** Most buffers that a joined dispatch binds: as many as every adapter offers. */
const MAX_BUFFERS = 8;
/** Most phases in a dispatch: each adds to the shader's text. */
const MAX_MEMBERS = 64;

/** The same work in fewer dispatches. */
export function schedulePhases(phases: readonly LoweredPhase[]): LoweredPhase[] {
  const scheduled: LoweredPhase[] = [];
  let waiting: LoweredPhase[] = [];
  const flush = () => {
    scheduled.push(...joinPhases(waiting));
    waiting = [];
  };
  for (const phase of hoist(phases)) {
    if (waiting.some((other) => conflict(other, phase))) flush();
    (phase.small ? waiting : scheduled).push(phase);
  }
  flush();
  return scheduled;
}

/**
 * Small phases that depend on nothing but variables and each other come first; among them, those that
 * depend on none before those that depend on these.
 */
function hoist(phases: readonly LoweredPhase[]): LoweredPhase[] {
  const levels: LoweredPhase[][] = [];
  const rest: LoweredPhase[] = [];
  for (const phase of phases) {
    if (!phase.small || rest.some((other) => conflict(other, phase))) {
      rest.push(phase);
      continue;
    }
    const level = levels.findLastIndex((others) => others.some((other) => conflict(other, phase)));
    (levels[level + 1] ??= []).push(phase);
  }
  return [...levels.flat(), ...rest];
}

/** Whether the order of two phases matters: one writes what the other reads or writes. */
function conflict(a: LoweredPhase, b: LoweredPhase): boolean {
  const operands = Object.values<PhaseOperand>(b.operands);
  return Object.values<PhaseOperand>(a.operands).some((one) =>
    operands.some((other) => (one.write || other.write) && overlap(one.ref, other.ref))
  );
}

function overlap(a: Ref, b: Ref): boolean {
  return a.buffer === b.buffer && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/** Phases that may run in any order, in as few dispatches as bindings allow. */
function joinPhases(phases: readonly LoweredPhase[]): LoweredPhase[] {
  const groups: LoweredPhase[][] = [];
  for (const phase of phases) {
    const group = groups.find((group) => isBindable([...group, phase]));
    if (group) group.push(phase);
    else groups.push([phase]);
  }
  return groups.map((group) => group.length === 1 ? group[0] : join(group));
}

/** Whether phases can share bindings: few enough buffers, each of one element type. */
function isBindable(phases: readonly LoweredPhase[]): boolean {
  const types = new Map<MemoryBuffer, string>();
  const operands = phases.flatMap(({ operands }) => Object.values<PhaseOperand>(operands));
  const haveOneType = operands.every(({ ref, type }) => {
    const known = types.get(ref.buffer) ?? type;
    types.set(ref.buffer, known);
    return known === type;
  });
  const workgroups = phases.reduce((sum, { workgroups: [x] }) => sum + x, 0);
  return haveOneType && workgroups <= MAX_WORKGROUPS && types.size <= MAX_BUFFERS &&
    phases.length <= MAX_MEMBERS;
}

/** One phase that does what the members do; each has workgroups of its own. */
function join(members: readonly LoweredPhase[]): LoweredPhase {
  const operands: Record<string, PhaseOperand> = {};
  const constants: Record<string, Constants[string]> = {};
  const texts: string[] = [], calls: string[] = [];
  let first = 0;
  members.forEach((member, k) => {
    const own = Object.entries<PhaseOperand>(member.operands);
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
    ...itemPhase({
      name: names.join(" + "),
      operands,
      items: first,
      constants,
      wgsl: `${texts.join("\n")}\nfn item(i: u32) {\n${calls.join("\n")}\n}`,
      flops: members.reduce((sum, { flops = 0 }) => sum + flops, 0),
    }),
    label: `${members.length} small phases`,
    bytes: members.reduce((sum, member) => sum + movedBytes(member), 0),
  };
}

/** What is called `name` in the text of member `k` of a joined phase. */
function numbered(name: string, k: number): string {
  return `${name}_${k}`;
}
