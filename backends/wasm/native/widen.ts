/**
 * Joins what kernels compute vector by vector: consecutive statements that do the same to the
 * vectors of a group, or to adjacent memory, become one of 256 or 512 bits. A group is what was
 * declared together: `WideVectors.local()` declares the vectors of a wide value.
 *
 * Members of a group are joined only if every statement that sets one of them sets all of them in
 * this way.
 */
import type { SeparatedFunction } from "./lives.ts";
import { equal, isUniform, mergeVectors } from "./merge.ts";
import {
  blocksOf,
  type Node,
  node,
  some,
  type Statement,
  type Variable,
  type Width,
} from "./tree.ts";

/** A function whose vectors are as wide as possible. */
export interface WideFunction extends SeparatedFunction {
  readonly joined: ReadonlyMap<Variable, Joined>;
  /** Variables whose lanes are always equal; their registers are filled to the last lane. */
  readonly uniform: ReadonlySet<Variable>;
}

/** A variable's part in those that it was joined with. */
export interface Joined {
  /** The lowest of them, which represents all. */
  readonly first: Variable;
  /** Its index among them, and their number. */
  readonly member: number;
  readonly width: Width;
}

/** Variables that are joined, the lowest first. */
interface Tuple {
  readonly members: readonly Variable[];
  valid: boolean;
}

/** Joins at most `most` vectors into one. Changes the function's statements. */
export function widen(tree: SeparatedFunction, most: Width): WideFunction {
  const widener = new Widener(tree, most);
  return widener.result();
}

class Widener {
  readonly #tree: SeparatedFunction;
  readonly #most: Width;
  /** The latest proposal for each variable. */
  readonly #tuples = new Map<Variable, Tuple>();
  /** Tuples that cannot be joined, by {@link keyOf}. */
  readonly #refuted = new Set<number>();
  /** The joined values of tuples, by the first of the statements that set one. */
  readonly #values = new Map<Statement, Node>();
  readonly #initial: ReadonlySet<Variable | undefined>;

  constructor(tree: SeparatedFunction, most: Width) {
    this.#tree = tree;
    this.#most = most;
    this.#initial = new Set(tree.initial);
    let settled = most === 1;
    while (!settled) {
      this.#tuples.clear();
      const consistent = this.#propose(tree.body);
      settled = consistent && this.#verify();
    }
  }

  result(): WideFunction {
    const body = this.#rewrite(this.#tree.body);
    const joined = new Map([...this.#tuples].map(([variable, { members }]) => {
      const member = members.indexOf(variable);
      return [variable, { first: members[0], member, width: members.length as Width }];
    }));
    return { ...this.#tree, body, joined, uniform: this.#uniform() };
  }

  /** Collects what statements set together. Returns whether no variable is in two tuples. */
  #propose(statements: readonly Statement[]): boolean {
    let consistent = true;
    for (let i = 0; i < statements.length;) {
      const run = this.#runAt(statements, i);
      if (run) consistent = this.#take(run) && consistent;
      for (const block of blocksOf(statements[i])) consistent = this.#propose(block) && consistent;
      i += run?.length ?? 1;
    }
    return consistent;
  }

  #take(members: readonly Variable[]): boolean {
    const same = (tuple: Tuple) =>
      tuple.members.length === members.length &&
      tuple.members.every((member, j) => member === members[j]);
    const rivals = members.flatMap((member) => this.#tuples.get(member) ?? [])
      .filter((tuple) => !same(tuple));
    if (rivals.length > 0) {
      // The narrower ones may still be valid.
      const widest = Math.max(members.length, ...rivals.map((tuple) => tuple.members.length));
      for (const tuple of [{ members }, ...rivals]) {
        if (tuple.members.length === widest) this.#refuted.add(keyOf(tuple.members));
      }
      return false;
    }
    if (!this.#tuples.has(members[0])) {
      const tuple = { members, valid: true };
      for (const member of members) this.#tuples.set(member, tuple);
    }
    return true;
  }

  /** Variables that the statements from `start` on may set together. */
  #runAt(statements: readonly Statement[], start: number): readonly Variable[] | undefined {
    for (let width = this.#most; width > 1; width = width / 2 as Width) {
      const members = groupSet(statements, start, width);
      if (members && !this.#refuted.has(keyOf(members))) return members;
    }
  }

  /** Refutes tuples of which a statement sets a member in another way. Returns whether all hold. */
  #verify(): boolean {
    for (const tuple of new Set(this.#tuples.values())) {
      // Parameters, and variables that are zero on entry, are set vector by vector.
      if (tuple.members.some((member) => this.#initial.has(member))) tuple.valid = false;
    }
    let sound = false;
    // A refuted tuple also refutes those computed from it.
    while (!sound) {
      this.#values.clear();
      sound = this.#verifyBlock(this.#tree.body);
    }
    let held = true;
    for (const { members, valid } of this.#tuples.values()) {
      if (valid) continue;
      this.#refuted.add(keyOf(members));
      held = false;
    }
    return held;
  }

  #verifyBlock(statements: readonly Statement[]): boolean {
    let sound = true;
    for (let i = 0; i < statements.length; i++) {
      const statement = statements[i];
      for (const block of blocksOf(statement)) sound = this.#verifyBlock(block) && sound;
      if (statement.kind !== "set") continue;
      const tuple = this.#tuples.get(statement.variable);
      if (!tuple?.valid) continue;
      const value = this.#valueOf(tuple, statements, i);
      if (value) {
        this.#values.set(statement, value);
        i += tuple.members.length - 1;
      } else {
        tuple.valid = false;
        sound = false;
      }
    }
    return sound;
  }

  /** The wide value to which the statements from `start` on set a tuple's members, if they do. */
  #valueOf({ members }: Tuple, statements: readonly Statement[], start: number): Node | undefined {
    const values: Node[] = [];
    for (let j = 0; j < members.length; j++) {
      const statement = statements[start + j];
      if (statement?.kind !== "set" || statement.variable !== members[j]) return undefined;
      values.push(statement.value);
    }
    const readsEarlier = values.some((value, j) =>
      j > 0 && some(value, ({ variable }) => {
        const member = variable ? members.indexOf(variable) : -1;
        return member >= 0 && member < j;
      })
    );
    return readsEarlier ? undefined : this.#merged(values);
  }

  #rewrite(statements: readonly Statement[]): Statement[] {
    const result: Statement[] = [];
    for (let i = 0; i < statements.length; i++) {
      const statement = statements[i];
      const wide = this.#wideSet(statement) ?? this.#wideStore(statements, i);
      if (wide) {
        result.push(wide.statement);
        i += wide.count - 1;
      } else if (statement.kind === "if") {
        const { then, otherwise } = statement;
        result.push({
          ...statement,
          then: this.#rewrite(then),
          otherwise: this.#rewrite(otherwise),
        });
      } else if (statement.kind === "loop") {
        result.push({ ...statement, body: this.#rewrite(statement.body) });
      } else {
        result.push(statement);
      }
    }
    return result;
  }

  #wideSet(statement: Statement) {
    const value = this.#values.get(statement);
    if (statement.kind !== "set" || !value) return undefined;
    return { statement: { ...statement, value }, count: value.width };
  }

  /** Consecutive stores to adjacent memory. */
  #wideStore(statements: readonly Statement[], start: number) {
    if (!isStore(statements[start])) return undefined;
    for (let width = this.#most; width > 1; width = width / 2 as Width) {
      const stores = statements.slice(start, start + width).filter(isStore)
        .map(({ value }) => value);
      if (stores.length < width) continue;
      const [{ operands: [address], offset }] = stores;
      const adjacent = stores.every((store, j) =>
        store.offset === offset + 16 * j && equal(store.operands[0], address) &&
        // A load would have to see what the preceding store wrote.
        !some(store.operands[1], ({ op }) => op.includes("load"))
      );
      const value = adjacent && this.#merged(stores.map(({ operands }) => operands[1]));
      if (!value) continue;
      const store = node("v128.store", "void", { operands: [address, value], offset, width });
      return { statement: { kind: "effect", value: store } as const, count: width };
    }
  }

  /** One expression for several that compute adjacent vectors, if they do. */
  #merged(parts: readonly Node[]): Node | undefined {
    return mergeVectors(parts, (variable) => {
      const tuple = this.#tuples.get(variable);
      return tuple?.valid ? tuple.members : undefined;
    });
  }

  #uniform(): Set<Variable> {
    const uniform = new Set<Variable>();
    const others = new Set<Variable | undefined>(this.#tree.initial);
    const walk = (statements: readonly Statement[]) => {
      for (const statement of statements) {
        if (statement.kind === "set") {
          (isUniform(statement.value) ? uniform : others).add(statement.variable);
        }
        blocksOf(statement).forEach(walk);
      }
    };
    walk(this.#tree.body);
    return new Set(
      [...uniform].filter((variable) => !others.has(variable) && !this.#tuples.has(variable)),
    );
  }
}

/** The members of a group that statements set one after another; undefined if they do not. */
function groupSet(
  statements: readonly Statement[],
  start: number,
  width: Width,
): readonly Variable[] | undefined {
  const members: Variable[] = [];
  for (let j = 0; j < width; j++) {
    const statement = statements[start + j];
    if (statement?.kind !== "set" || statement.variable.type !== "v128") return undefined;
    members.push(statement.variable);
  }
  const [{ group, member }] = members;
  const aligned = member % width === 0 &&
    members.every((other, j) => other.group === group && other.member === member + j);
  return aligned ? members : undefined;
}

function isStore(statement: Statement): statement is Statement & { readonly kind: "effect" } {
  return statement.kind === "effect" && statement.value.op === "v128.store";
}

/** The key of a tuple: tuples of one size with the same first variable are refuted together. */
function keyOf(members: readonly Variable[]): number {
  return 8 * members[0].number + members.length;
}
