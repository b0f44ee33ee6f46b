/**
 * Separates the lives of local variables: kernels use one local for one thing after the other, and
 * each of these may lie in another register. Afterwards a variable is what one assignment sets and
 * all others whose value may meet its at some use.
 */
import {
  blocksOf,
  type FunctionTree,
  type Node,
  type Statement,
  type Variable,
  visit,
} from "./tree.ts";

/** A function whose variables have one life each. */
export interface SeparatedFunction extends FunctionTree {
  /**
   * The life that each parameter and local begins with, a parameter's value or zero; none where it is
   * not read.
   */
  readonly initial: readonly (Variable | undefined)[];
}

/** Sets of variables by number. */
type Bits = Uint32Array;

/** Separates the lives. The statements of the function given are changed. */
export function separateLives(tree: FunctionTree): SeparatedFunction {
  const { uses, afterIf, atLoop, atEntry } = liveness(tree);
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
          const continues = has(uses.get(statement.value) ?? [], number);
          rename(statement.value);
          // What is computed of the value before goes on in its register.
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

/** Lives, some of which turn out to be one. */
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

  /** Replaces every life by the one that it turned out to be. */
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

function has(bits: ArrayLike<number>, number: number): boolean {
  return ((bits[number >> 5] >> (number & 31)) & 1) !== 0;
}

/** Which variables are read before they are set, in a statement or block, and which are surely set. */
interface Effects {
  readonly reads: Bits;
  readonly sets: Bits;
}

/**
 * Which variables are alive, which is to be read before they are set again, behind every `if` and at
 * the head of every loop; and which ones each expression that is assigned reads.
 */
function liveness({ body, variables }: FunctionTree) {
  const words = (variables.length + 31) >> 5;
  const uses = new Map<Node, Bits>();
  const effects = new Map<Statement, Effects>();
  const afterIf = new Map<Statement, Bits>();
  const atLoop = new Map<Statement, Bits>();

  const none = () => new Uint32Array(words);
  const readsOf = (value: Node): Bits => {
    const bits = none();
    visit(value, ({ variable }) => {
      if (variable) bits[variable.number >> 5] |= 1 << (variable.number & 31);
    });
    return bits;
  };
  /** The effects of what runs first and then of what follows. */
  const chain = (first: Effects, then: Effects): Effects => ({
    reads: first.reads.map((bits, i) => bits | then.reads[i] & ~first.sets[i]),
    sets: first.sets.map((bits, i) => bits | then.sets[i]),
  });
  const either = (a: Effects, b: Effects): Effects => ({
    reads: a.reads.map((bits, i) => bits | b.reads[i]),
    sets: a.sets.map((bits, i) => bits & b.sets[i]),
  });
  const effectOf = (statement: Statement): Effects => {
    switch (statement.kind) {
      case "set": {
        const reads = readsOf(statement.value);
        uses.set(statement.value, reads);
        const sets = none();
        const { number } = statement.variable;
        sets[number >> 5] |= 1 << (number & 31);
        return { reads, sets };
      }
      case "effect":
        return { reads: readsOf(statement.value), sets: none() };
      case "return":
        // Nothing is read behind it: as if all were set.
        return {
          reads: statement.value ? readsOf(statement.value) : none(),
          sets: none().fill(0xffffffff),
        };
      case "unreachable":
        return { reads: none(), sets: none().fill(0xffffffff) };
      case "if":
        return chain(
          { reads: readsOf(statement.condition), sets: none() },
          either(blockEffects(statement.then), blockEffects(statement.otherwise)),
        );
      case "loop":
        return chain(blockEffects(statement.body), {
          reads: readsOf(statement.condition),
          sets: none(),
        });
    }
  };
  const blockEffects = (statements: readonly Statement[]): Effects => {
    let total: Effects = { reads: none(), sets: none() };
    for (const statement of statements) {
      const effect = effectOf(statement);
      effects.set(statement, effect);
      total = chain(total, effect);
    }
    return total;
  };
  const atEntry = blockEffects(body).reads;

  /** Walks a block backwards from what is alive behind it. */
  const walk = (statements: readonly Statement[], behind: Bits): void => {
    let live = behind;
    for (const statement of [...statements].reverse()) {
      const { reads, sets } = effects.get(statement)!;
      const before = reads.map((bits, i) => bits | live[i] & ~sets[i]);
      if (statement.kind === "if") {
        afterIf.set(statement, live);
        walk(statement.then, live);
        walk(statement.otherwise, live);
      } else if (statement.kind === "loop") {
        atLoop.set(statement, before);
        const condition = readsOf(statement.condition);
        walk(statement.body, live.map((bits, i) => bits | before[i] | condition[i]));
      }
      live = before;
    }
  };
  walk(body, none());
  return { uses, afterIf, atLoop, atEntry };
}
