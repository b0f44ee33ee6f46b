/** Random statements of a function. */
import {
  type AnyFunction,
  atomic,
  call,
  type Callable,
  type Expression,
  f32,
  f64,
  f64x2,
  type FunctionBuilder,
  i32,
  type Local,
  memory,
  v128,
} from "../../../assembler/mod.ts";
import type { RandomStream } from "../../../graph/random.ts";
import { Expressions } from "./expressions.ts";
import { groupExpression } from "./group_expressions.ts";
import { declareLocals, type Kind, type Locals, TYPES } from "./locals.ts";
import { pick } from "../pick.ts";

/** A function that statements call. */
export type Helper = FunctionBuilder<
  { readonly a: "i32"; readonly b: "f32"; readonly c: "v128"; readonly d: "f64" },
  "i32" | "f32" | "v128" | "void"
>;

/** Writes random statements into a function. */
export class Statements {
  readonly #f: AnyFunction;
  readonly #random: RandomStream;
  readonly #helpers: readonly Helper[];
  readonly #locals: Locals;
  readonly #draw: Expressions;
  #depth = 0;

  constructor(f: AnyFunction, random: RandomStream, helpers: readonly Helper[]) {
    this.#f = f;
    this.#random = random;
    this.#helpers = helpers;
    this.#locals = declareLocals(f, random);
    this.#draw = new Expressions(this.#locals.ofKind, random);
  }

  /** Statements, then a store of every local, then the result. */
  body(statements: number): void {
    this.#block(statements);
    const f = this.#f, draw = this.#draw;
    const { integer, float, double, long, floats, integers } = this.#locals.ofKind;
    for (const local of floats) f.emit(v128.store(draw.address("floats"), local));
    for (const local of integers) f.emit(v128.store(draw.address("integers"), local));
    for (const local of integer) f.emit(i32.store(draw.address("integers"), local));
    for (const local of float) f.emit(f32.store(draw.address("floats"), local));
    for (const local of double) f.emit(f64.store(draw.address("doubles"), local));
    for (const local of long) f.emit(i32.store(draw.address("integers"), i32.wrapI64(local)));
    const kind = { i32: "integer", f32: "float", v128: "floats" } as const;
    const { resultType } = f;
    if (resultType in kind) {
      const result = draw.value(kind[resultType as keyof typeof kind], 2);
      (f as unknown as FunctionBuilder<Record<never, never>, "i32">).return(
        result as Expression<"i32">,
      );
    }
  }

  #block(statements: number): void {
    for (let i = 0; i < statements; i++) this.#statement();
  }

  #statement(): void {
    const f = this.#f, random = this.#random, draw = this.#draw;
    switch (random.integer(this.#depth < 3 ? 14 : 10)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.#setGroup();
      case 4:
        return this.#storeGroup();
      case 5:
      case 6:
      case 7:
        return this.#set(pick(Object.keys(TYPES) as Kind[], random));
      case 8:
        return this.#store();
      case 9:
        return this.#special();
      case 10:
        return f.if(draw.condition(), () => this.#nested());
      case 11:
        return f.if(draw.condition(), () => this.#nested(), () => this.#nested());
      case 12: {
        const counter = f.i32();
        return f.loop(counter, random.integer(2), 1 + random.integer(4), 1, () => this.#nested());
      }
      default: {
        const left = f.i32();
        f.set(left, 1 + random.integer(4));
        return f.doWhile(() => {
          this.#nested();
          f.set(left, i32.sub(left, 1));
        }, left);
      }
    }
  }

  #nested(): void {
    this.#depth++;
    this.#block(1 + this.#random.integer(4));
    this.#depth--;
  }

  #set(kind: Kind): void {
    const local = pick<Local<"i32">>(this.#locals.ofKind[kind] as Local<"i32">[], this.#random);
    this.#f.set(local, this.#draw.value(kind, 3) as Expression<"i32">);
  }

  /** Calls, copies, atomics and lanes. */
  #special(): void {
    const f = this.#f, random = this.#random, draw = this.#draw;
    const helper = random.integer(2) === 0 ? undefined : this.#helpers[random.integer(4)];
    if (helper) {
      const result = call(helper as Callable<(typeof helper)["parameterTypes"], "f32">, {
        a: draw.value("integer", 2),
        b: draw.value("float", 2),
        c: draw.value("floats", 2),
        d: draw.value("double", 1),
      });
      const kinds = { i32: "integer", f32: "float", v128: "floats", void: undefined } as const;
      const kind = kinds[helper.resultType];
      if (!kind) return f.emit(result as unknown as Expression<"void">);
      if (random.integer(4) === 0) return f.drop(result);
      return f.set(
        pick<Local<"f32">>(this.#locals.ofKind[kind] as unknown as Local<"f32">[], random),
        result,
      );
    }
    const from = draw.address("bytes"), to = draw.address("bytes");
    switch (random.integer(8)) {
      case 7: {
        const half = f64x2.promoteLowF32x4(draw.value("floats", 1));
        const other = f64x2.promoteLowF32x4(draw.value("floats", 0));
        return f.emit(v128.store(draw.address("doubles"), f64x2.add(half, other)));
      }
      case 0:
        return f.emit(memory.copy(from, to, random.integer(100)));
      case 1:
        return f.emit(memory.fill(from, draw.value("integer", 1), random.integer(100)));
      case 2:
        return f.emit(atomic.store(i32.and(from, -4), draw.value("integer", 2)));
      case 3:
        return f.set(
          pick(this.#locals.ofKind.integer, random),
          atomic.add(i32.and(from, -4), draw.value("integer", 2), 8),
        );
      case 4: {
        const local = pick(this.#locals.ofKind.floats, random);
        const place = draw.address("floats");
        return f.set(local, v128.load32Lane(place, draw.value("floats", 1), random.integer(4)));
      }
      case 5:
        return f.emit(
          v128.store32Lane(draw.address("floats"), draw.value("floats", 1), random.integer(4)),
        );
      default:
        return f.emit(
          v128.store64Lane(draw.address("floats"), draw.value("floats", 1), random.integer(2)),
        );
    }
  }

  #store(): void {
    const f = this.#f, draw = this.#draw, offset = 16 * this.#random.integer(8);
    switch (this.#random.integer(5)) {
      case 0:
        return f.emit(i32.store(draw.address("integers"), draw.value("integer", 2), offset));
      case 1:
        return f.emit(f32.store(draw.address("floats"), draw.value("float", 2), offset));
      case 2:
        return f.emit(f64.store(draw.address("doubles"), draw.value("double", 2), offset));
      case 3:
        return f.emit(v128.store(draw.address("floats"), draw.value("floats", 2), offset));
      default:
        return f.emit(v128.store(draw.address("integers"), draw.value("integers", 2), offset));
    }
  }

  /** Sets some or all vectors of a group to the same function of adjacent vectors. */
  #setGroup(): void {
    const random = this.#random;
    const { kind, members } = pick(this.#locals.groups, random);
    const all = random.integer(5) > 0;
    const count = all ? members.length : 1 + random.integer(members.length);
    const make = groupExpression({ kind, count }, 2, this.#locals, random);
    members.slice(0, count).forEach((member, i) => this.#f.set(member, make(i)));
  }

  #storeGroup(): void {
    const { kind, members } = pick(this.#locals.groups, this.#random);
    const base = this.#f.i32();
    this.#f.set(base, this.#draw.address(kind));
    members.forEach((member, i) => this.#f.emit(v128.store(base, member, 16 * i)));
  }
}
