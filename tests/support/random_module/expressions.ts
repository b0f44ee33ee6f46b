/** Random expressions, from the locals and the memory of a random function. */
import {
  atomic,
  type Expression,
  f32,
  f32x4,
  f64,
  i16x8,
  i32,
  i32x4,
  i64,
  type Local,
  type Operand,
  select,
  v128,
  type Vector,
} from "../../../assembler/mod.ts";
import type { RandomStream } from "../../../graph/random.ts";
import type { Kind, Locals, TYPES } from "./locals.ts";
import { AREAS } from "./memory.ts";
import { pick } from "../pick.ts";

/** Draws expressions; `depth` bounds how deep they are nested. */
export class Expressions {
  readonly #locals: Locals["ofKind"];
  readonly #random: RandomStream;

  constructor(locals: Locals["ofKind"], random: RandomStream) {
    this.#locals = locals;
    this.#random = random;
  }

  value<K extends Kind>(kind: K, depth: number): Expression<(typeof TYPES)[K]> {
    const make = {
      integer: () => this.#integer(depth),
      float: () => this.#float(depth),
      double: () => this.#double(depth),
      long: () => this.#long(depth),
      floats: () => this.#floats(depth),
      integers: () => this.#integers(depth),
    }[kind];
    return make() as Expression<(typeof TYPES)[K]>;
  }

  /** An address in an area, with room for 600 bytes after it. */
  address(area: keyof typeof AREAS): Expression<"i32"> {
    if (this.#random.integer(6) === 0) {
      // A constant, which includes the offset.
      return i32.add(AREAS[area] + 8 * this.#random.integer(300), 0);
    }
    return i32.add(i32.and(this.value("integer", 1), 2040), AREAS[area]);
  }

  condition(): Expression<"i32"> {
    const integer = () => this.value("integer", 1);
    const double = () => this.value("double", 1);
    return pick([
      () => i32.ltU(integer(), integer()),
      () => i32.gtS(integer(), this.#random.integer(100)),
      () => i32.eqz(integer()),
      () => i32.eqz(i32.geU(integer(), integer())),
      () => integer(),
      () => f64.lt(double(), double()),
      () => f64.gt(double(), double()),
      () => f64.le(double(), double()),
    ], this.#random)();
  }

  #local<K extends Kind>(kind: K): Local<(typeof TYPES)[K]> {
    return pick(this.#locals[kind], this.#random);
  }

  #integer(depth: number): Expression<"i32"> {
    const random = this.#random;
    if (depth === 0) {
      return random.integer(3) === 0
        ? i32.load(i32.and(this.#local("integer"), 4080), AREAS.integers)
        : this.#local("integer");
    }
    const a = (): Expression<"i32"> => this.#integer(depth - 1);
    const b = (): Operand<"i32"> =>
      random.integer(2) ? this.#integer(depth - 1) : pick([1, 7, 1000, -3, 0x7fffffff], random);
    return pick([
      () => i32.add(a(), b()),
      () => i32.sub(a(), b()),
      () => i32.mul(a(), b()),
      () => i32.divU(a(), 1 + random.integer(50)),
      () => i32.remU(a(), 1 + random.integer(50)),
      () => i32.and(a(), b()),
      () => i32.shrU(a(), b()),
      () => i32.eq(a(), b()),
      () => i32.ltS(a(), b()),
      () => i32.geS(a(), b()),
      () => select("i32", this.condition(), a(), b()),
      () => i32.wrapI64(this.#long(depth - 1)),
      () => i32.truncSatF64S(this.#double(depth - 1)),
      () => i32x4.extractLane(this.#integers(depth - 1), random.integer(4)),
      () => atomic.load(i32.and(a(), 2044), AREAS.integers),
    ], random)();
  }

  #long(depth: number): Expression<"i64"> {
    if (depth === 0) return this.#local("long");
    const a = () => this.#long(depth - 1);
    return pick([
      () => i64.and(a(), a()),
      () => i64.or(a(), 0x1234_5678_9abc_def0n),
      () => i64.shl(a(), BigInt(this.#random.integer(64))),
      () => i64.shrU(a(), i64.extendI32S(this.#integer(depth - 1))),
      () => i64.extendI32S(this.#integer(depth - 1)),
      () => i64.reinterpretF64(f64.convertI32S(this.#integer(depth - 1))),
    ], this.#random)();
  }

  #float(depth: number): Expression<"f32"> {
    const random = this.#random;
    if (depth === 0) {
      return random.integer(3) === 0
        ? f32.load(i32.and(this.#local("integer"), 2044), AREAS.floats + 4 * random.integer(99))
        : this.#local("float");
    }
    const a = (): Expression<"f32"> => this.#float(depth - 1);
    return pick([
      () => f32.add(a(), random.integer(2) ? a() : 0.25),
      () => f32.div(a(), a()),
      () => f32.max(a(), a()),
      () => f32.convertI32S(this.#integer(depth - 1)),
      () => f32.demoteF64(this.#double(depth - 1)),
      () => f32x4.extractLane(this.#floats(depth - 1), random.integer(4)),
      () => select("f32", this.condition(), a(), 2.5),
    ], random)();
  }

  #double(depth: number): Expression<"f64"> {
    const random = this.#random;
    if (depth === 0) {
      return random.integer(3) === 0
        ? f64.load(i32.and(this.#local("integer"), 2040), AREAS.doubles + 8 * random.integer(99))
        : this.#local("double");
    }
    const a = (): Expression<"f64"> => this.#double(depth - 1);
    return pick([
      () => f64.add(a(), 0.1),
      () => f64.sub(a(), a()),
      () => f64.mul(a(), a()),
      () => f64.div(a(), a()),
      () => f64.max(a(), a()),
      () => f64.neg(a()),
      () => f64.sqrt(a()),
      () => f64.nearest(a()),
      () => f64.convertI32S(this.#integer(depth - 1)),
      () => f64.promoteF32(this.#float(depth - 1)),
      () => f64.reinterpretI64(i64.shrU(this.#long(depth - 1), 2n)),
      () => select("f64", this.condition(), a(), a()),
    ], random)();
  }

  #floats(depth: number): Vector {
    const random = this.#random;
    if (depth === 0) {
      return random.integer(3) === 0
        ? v128.load(i32.and(this.#local("integer"), 2044), AREAS.floats)
        : this.#local("floats");
    }
    const a = (): Vector => this.#floats(depth - 1);
    const address = () => i32.and(this.#integer(0), 2040);
    return pick([
      () => f32x4.add(a(), a()),
      () => f32x4.sub(a(), a()),
      () => f32x4.mul(a(), a()),
      () => f32x4.div(a(), f32x4.constant(3, 4, 5, 6)),
      () => f32x4.min(a(), a()),
      () => f32x4.max(a(), f32x4.constant(0)),
      () => f32x4.pmax(a(), f32x4.constant(0)),
      () => f32x4.neg(a()),
      () => f32x4.abs(a()),
      () => f32x4.sqrt(f32x4.abs(a())),
      () => f32x4.nearest(a()),
      () => f32x4.relaxedMadd(a(), a(), a()),
      () => f32x4.relaxedNmadd(a(), a(), a()),
      () => f32x4.convertI32x4S(this.#integers(depth - 1)),
      () => f32x4.splat(this.#float(depth - 1)),
      () => v128.bitselect(a(), a(), f32x4.ne(a(), a())),
      () => v128.bitselect(a(), a(), f32x4.gt(a(), a())),
      () => v128.and(a(), f32x4.gt(a(), a())),
      () => v128.load32Splat(address(), AREAS.floats),
      () => v128.load32Zero(address(), AREAS.floats),
      () => v128.load64Zero(address(), AREAS.floats),
      () => shuffled(a()),
      () => select("v128", this.condition(), a(), a()),
    ], random)();

    function shuffled(vector: Vector): Vector {
      const lanes = Array.from({ length: 4 }, () => random.integer(4));
      return f32x4.shuffle(vector, vector, lanes);
    }
  }

  #integers(depth: number): Vector {
    const random = this.#random;
    if (depth === 0) {
      return random.integer(3) === 0
        ? v128.load(i32.and(this.#local("integer"), 2044), AREAS.integers)
        : this.#local("integers");
    }
    const a = (): Vector => this.#integers(depth - 1);
    return pick([
      () => i32x4.add(a(), a()),
      () => i32x4.sub(a(), i32x4.constant(1, 2, 3, 4)),
      () => i32x4.shl(a(), random.integer(32)),
      () => i32x4.shrS(a(), random.integer(32)),
      () => i32x4.shrU(a(), random.integer(32)),
      () => i32x4.ltU(a(), a()),
      () => i32x4.splat(this.#integer(depth - 1)),
      () => i32x4.truncSatF32x4S(this.#floats(depth - 1)),
      () => i16x8.extendLowI8x16U(a()),
      () => i32x4.extendLowI16x8U(a()),
      () => v128.and(a(), a()),
      () => v128.andnot(a(), a()),
      () => v128.or(a(), a()),
      () => v128.xor(a(), a()),
      () => v128.bitselect(a(), a(), a()),
      () => f32x4.gt(this.#floats(depth - 1), this.#floats(depth - 1)),
    ], random)();
  }
}
