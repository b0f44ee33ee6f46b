/**
 * Separates the live ranges of local variables (web splitting): kernels reuse a local for one
 * purpose after another, and each use may have a register of its own. Afterwards a variable is the
 * value of one assignment, together with those of all others that reach a common use.
 */
import {
  blocksOf,
  type FunctionTree,
  type Node,
  some,
  type Statement,
  type Variable,
  visit,
} from "./tree.ts";

/** A function whose variables have one live range each. */
export interface SeparatedFunction extends FunctionTree {
  /**
   * The live range with which each parameter and local begins, a parameter's value or zero;
   * undefined if it is not read.
   */
  readonly initial: readonly (Variable | undefined)[];
}

/** Sets of variables by number. */
type Bits = Uint32Array;

/** Separates the live ranges. Changes the function's statements. */
export function separateLives(tree: FunctionTree): SeparatedFunction {
  const { afterIf, atLoop, atEntry } = liveness(tree);
  const lives = new Lives();
  let current = tree.variables.map((variable) => lives.begin(variable));
  const initial = [...current];
  const join = (a: readonly Variable[], b: readonly Variable[], live: Bits) => {
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i] && has(live, i)) lives.join(a[i], b[i]);
  };
  const rename = (value: Node) =>
    visit(value, (part) => {
      if (part.variable) part.variable = current[part.variable.number];
    });
  const walk = (statements: readonly Statement[]) => {
    for (const statement of statements) {
      switch (statement.kind) {
        case "set": {
          const { number } = statement.variable;
          const continues = some(statement.value, ({ variable }) => variable?.number === number);
          rename(statement.value);
          // A value computed from the previous one stays in its register.
          if (!continues) current[number] = lives.begin(tree.variables[number]);
          statement.variable = current[number];
          break;
        }
        case "effect":
          rename(statement.value);
          break;
        case "return":
          if (statement.value) rename(statement.value);
          break;
        case "if": {
          rename(statement.condition);
          const before = current;
          current = [...before];
          walk(statement.then);
          const then = current;
          current = [...before];
          walk(statement.otherwise);
          join(then, current, afterIf.get(statement)!);
          break;
        }
        case "loop": {
          const before = [...current];
          walk(statement.body);
          rename(statement.condition);
          join(before, current, atLoop.get(statement)!);
          break;
        }
      }
    }
  };
  walk(tree.body);
  lives.settle(tree.body);
  return {
    ...tree,
    variables: lives.all,
    initial: initial.map((life, i) => has(atEntry, i) ? lives.of(life) : undefined),
  };
}

/** Live ranges, some of which turn out to be one (union-find). */
class Lives {
  readonly all: Variable[] = [];
  readonly #parents: number[] = [];

  begin({ type, group, member }: Variable): Variable {
    const number = this.all.length;
    const life = { type, number, group, member };
    this.all.push(life);
    this.#parents.push(number);
    return life;
  }

  join(a: Variable, b: Variable): void {
    const [first, second] = [this.#find(a.number), this.#find(b.number)];
    this.#parents[Math.max(first, second)] = Math.min(first, second);
  }

  of({ number }: Variable): Variable {
    return this.all[this.#find(number)];
  }

  /** Replaces every live range by the one that it was joined with. */
  settle(statements: readonly Statement[]): void {
    const settle = (value: Node) =>
      visit(value, (part) => {
        if (part.variable) part.variable = this.of(part.variable);
      });
    for (const statement of statements) {
      if (statement.kind === "set") statement.variable = this.of(statement.variable);
      if ("value" in statement && statement.value) settle(statement.value);
      if ("condition" in statement) settle(statement.condition);
      for (const inner of blocksOf(statement)) this.settle(inner);
    }
  }

  #find(number: number): number {
    const parents = this.#parents;
    while (parents[number] !== number) {
      parents[number] = parents[parents[number]];
      number = parents[number];
    }
    return number;
  }
}

function has(bits: Bits, number: number): boolean {
  return ((bits[number >> 5] >> (number & 31)) & 1) !== 0;
}

function add(bits: Bits, number: number): void {
  bits[number >> 5] |= 1 << (number & 31);
}

function addAll(bits: Bits, others: Bits): void {
  for (let i = 0; i < bits.length; i++) bits[i] |= others[i];
}

/** Which variables a stretch of code reads before it sets them, and which it always sets. */
interface Effects {
  readonly reads: Bits;
  readonly sets: Bits;
}

/**
 * Which variables are live, that is, read before they are set again, after every `if`, at the head
 * of every loop, and at the beginning.
 */
function liveness({ body, variables }: FunctionTree) {
  const words = (variables.length + 31) >> 5;
  const none = () => new Uint32Array(words);
  const afterIf = new Map<Statement, Bits>();
  const atLoop = new Map<Statement, Bits>();
  const loops = new Map<Statement, Effects>();

  const read = (value: Node, { reads, sets }: Effects) =>
    visit(value, ({ variable }) => {
      if (variable && !has(sets, variable.number)) add(reads, variable.number);
    });
  /** Appends effects to those of preceding code. */
  const append = (before: Effects, { reads, sets }: Effects) => {
    for (let i = 0; i < words; i++) {
      before.reads[i] |= reads[i] & ~before.sets[i];
      before.sets[i] |= sets[i];
    }
  };
  const effectsOf = (statements: readonly Statement[]): Effects => {
    const total: Effects = { reads: none(), sets: none() };
    for (const statement of statements) {
      if ("value" in statement && statement.value) read(statement.value, total);
      switch (statement.kind) {
        case "set":
          add(total.sets, statement.variable.number);
          break;
        case "return":
        case "unreachable":
          // Nothing is read after it, as if everything were set.
          total.sets.fill(0xffffffff);
          break;
        case "if": {
          read(statement.condition, total);
          const then = effectsOf(statement.then), otherwise = effectsOf(statement.otherwise);
          addAll(then.reads, otherwise.reads);
          then.sets.forEach((bits, i) => then.sets[i] = bits & otherwise.sets[i]);
          append(total, then);
          break;
        }
        case "loop": {
          const once = effectsOf(statement.body);
          read(statement.condition, once);
          loops.set(statement, once);
          append(total, once);
          break;
        }
      }
    }
    return total;
  };
  const atEntry = effectsOf(body).reads;

  /** Walks a block backwards and turns `live` from what is live after it to what is live before. */
  const walk = (statements: readonly Statement[], live: Bits): void => {
    const revive = (value: Node) =>
      visit(value, ({ variable }) => {
        if (variable) add(live, variable.number);
      });
    for (let i = statements.length - 1; i >= 0; i--) {
      const statement = statements[i];
      switch (statement.kind) {
        case "set":
          live[statement.variable.number >> 5] &= ~(1 << (statement.variable.number & 31));
          break;
        case "return":
        case "unreachable":
          live.fill(0);
          break;
        case "if": {
          afterIf.set(statement, live.slice());
          const otherwise = live.slice();
          walk(statement.otherwise, otherwise);
          walk(statement.then, live);
          addAll(live, otherwise);
          revive(statement.condition);
          break;
        }
        case "loop":
          // What the next round reads is also live at its end.
          addAll(live, loops.get(statement)!.reads);
          revive(statement.condition);
          walk(statement.body, live);
          atLoop.set(statement, live.slice());
          break;
      }
      if ("value" in statement && statement.value) revive(statement.value);
    }
  };
  walk(body, none());
  return { afterIf, atLoop, atEntry };
}
