/**
 * Wide values: one, two or four vectors treated as one, so that a kernel is written once for all
 * forms.
 *
 * With `wide: 1` a value is one v128, 4 float lanes; with `wide: 2` a pair, 8 lanes; with `wide: 4`
 * four of them, 16 lanes. Native code (`native/widen.ts`) turns an operation that is the same for
 * all vectors of a value into one instruction of 256 or 512 bits. It recognizes such groups only
 * if:
 *
 * - the vectors of a wide local are declared as one group and set one after another, by the same
 *   expression of the same parts of other wide values;
 * - the parts of an access have the same base local, at offsets 16 apart: hence an access here
 *   takes a `Local`, never an address expression, which would be computed several times;
 * - stores are adjacent, with nothing else between: hence parts that are still expressions go to
 *   scratch locals before the first is stored.
 *
 * A value used by all parts alike, such as a splat load, belongs in one v128 local; every operand
 * here may be such a local.
 */

import { type Expression, Local, type Operand } from "./expression.ts";
import type { AnyFunction } from "./function.ts";
import { f32 } from "./scalars.ts";
import { f32x4, v128, type Vector } from "./vectors.ts";

/** What the emitted code may assume of the engine, and the form that runs best on it. */
export interface Target {
  /** Vectors in a wide value: 1, or the number that becomes one instruction of 256 or 512 bits. */
  readonly wide: 1 | 2 | 4;
  /** Whether relaxed SIMD (fused multiply-add) may be used. */
  readonly relaxedSimd: boolean;
}

/** A wide value: its vectors, lowest lanes first. */
export interface Wide {
  readonly halves: readonly Vector[];
}

export interface WideLocal extends Wide {
  readonly halves: readonly Local<"v128">[];
}

/** A wide value, or one v128 local used for each of its vectors. */
export type WideOperand = Wide | Local<"v128">;

type WideBinary = (a: WideOperand, b: WideOperand) => Wide;
type WideUnary = (a: WideOperand) => Wide;

/** Wide values of the target's width and of each narrower one, widest first. */
export function widths(f: AnyFunction, target: Target): WideVectors[] {
  return ([4, 2, 1] as const).filter((wide) => wide <= target.wide)
    .map((wide) => new WideVectors(f, { ...target, wide }));
}

/** The wide instructions of one function under construction. */
export class WideVectors {
  /** Vectors in a wide value. */
  readonly width: Target["wide"];
  /** Float lanes in a wide value. */
  readonly lanes: number;
  /** Bytes of a wide value. */
  readonly bytes: number;
  readonly #function: AnyFunction;
  readonly #relaxedSimd: boolean;
  #scratch: WideLocal | undefined;

  /**
   * @param f The function whose locals and statements are used.
   * @param target The form to write.
   */
  constructor(f: AnyFunction, target: Target) {
    this.width = target.wide;
    this.lanes = 4 * target.wide;
    this.bytes = 16 * target.wide;
    this.#function = f;
    this.#relaxedSimd = target.relaxedSimd;
  }

  /** Declares a wide local; it is zero on entry to the function. */
  local(): WideLocal {
    return { halves: this.#function.locals("v128", this.width) };
  }

  locals(count: number): WideLocal[] {
    return Array.from({ length: count }, () => this.local());
  }

  set(local: WideLocal, value: WideOperand): void {
    local.halves.forEach((half, i) => this.#function.set(half, this.#half(value, i)));
  }

  /** Loads a wide value from base + constant offset in bytes. */
  load(base: Local<"i32">, offset = 0): Wide {
    return this.#each((i) => v128.load(base, offset + 16 * i));
  }

  /** Stores a wide value at base + constant offset in bytes. */
  store(base: Local<"i32">, value: WideOperand, offset = 0): void {
    const ready = this.#computed(value);
    for (let i = 0; i < this.width; i++) {
      this.#function.emit(v128.store(base, this.#half(ready, i), offset + 16 * i));
    }
  }

  /** All lanes zero. */
  zero(): Wide {
    return this.constant(0);
  }

  /** All lanes the same constant. */
  constant(value: number): Wide {
    return this.#each(() => f32x4.constant(value));
  }

  /** All lanes the value of one float, computed once, now. */
  splat(value: Operand<"f32">): Local<"v128"> {
    return this.#shared(f32x4.splat(value));
  }

  /** All lanes the float at base + constant offset in bytes, loaded once, now. */
  loadSplat(base: Operand<"i32">, offset = 0): Local<"v128"> {
    return this.#shared(v128.load32Splat(base, offset));
  }

  readonly add: WideBinary = this.#lift2(f32x4.add);
  readonly sub: WideBinary = this.#lift2(f32x4.sub);
  readonly mul: WideBinary = this.#lift2(f32x4.mul);
  readonly div: WideBinary = this.#lift2(f32x4.div);
  /** The smaller; NaN if either is NaN. */
  readonly min: WideBinary = this.#lift2(f32x4.min);
  /** The larger; NaN if either is NaN. */
  readonly max: WideBinary = this.#lift2(f32x4.max);
  /** Mask of `a > b`. */
  readonly greater: WideBinary = this.#lift2(f32x4.gt);
  /** Bitwise and: keeps `a` where the mask `b` is set, else 0. */
  readonly and: WideBinary = this.#lift2(v128.and);
  readonly or: WideBinary = this.#lift2(v128.or);
  readonly abs: WideUnary = this.#lift1(f32x4.abs);
  readonly neg: WideUnary = this.#lift1(f32x4.neg);
  readonly sqrt: WideUnary = this.#lift1(f32x4.sqrt);

  /** `a * b + c`, fused where the target has relaxed SIMD. */
  madd(a: WideOperand, b: WideOperand, c: WideOperand): Wide {
    if (!this.#relaxedSimd) return this.add(this.mul(a, b), c);
    return this.#each((i) =>
      f32x4.relaxedMadd(this.#half(a, i), this.#half(b, i), this.#half(c, i))
    );
  }

  /** `c - a * b`, fused where the target has relaxed SIMD. */
  nmadd(a: WideOperand, b: WideOperand, c: WideOperand): Wide {
    if (!this.#relaxedSimd) return this.sub(c, this.mul(a, b));
    return this.#each((i) =>
      f32x4.relaxedNmadd(this.#half(a, i), this.#half(b, i), this.#half(c, i))
    );
  }

  /** `mask ? a : b`, lane by lane; both are evaluated. */
  select(mask: WideOperand, a: WideOperand, b: WideOperand): Wide {
    return this.#each((i) =>
      v128.bitselect(this.#half(a, i), this.#half(b, i), this.#half(mask, i))
    );
  }

  /**
   * The sum of all lanes: the upper half of the vectors is added to the lower half until one vector
   * is left, whose neighbouring lanes are then added. Wide values that are first added up in the
   * same way give the same bits in any width.
   */
  sumLanes(value: WideOperand): Expression<"f32"> {
    return this.#reduce(value, f32x4.add, f32.add);
  }

  maxLane(value: WideOperand): Expression<"f32"> {
    return this.#reduce(value, f32x4.max, f32.max);
  }

  #reduce(
    value: WideOperand,
    vectors: (a: Vector, b: Vector) => Vector,
    scalars: (a: Expression<"f32">, b: Expression<"f32">) => Expression<"f32">,
  ): Expression<"f32"> {
    let { halves } = this.#each((i) => this.#half(value, i));
    while (halves.length > 1) {
      const upper = halves.slice(halves.length / 2);
      halves = upper.map((half, i) => vectors(halves[i], half));
    }
    const vector = this.#shared(halves[0]);
    const lane = (index: number) => f32x4.extractLane(vector, index);
    return scalars(scalars(lane(0), lane(1)), scalars(lane(2), lane(3)));
  }

  #each(make: (index: number) => Vector): Wide {
    return { halves: Array.from({ length: this.width }, (_, i) => make(i)) };
  }

  #half(operand: WideOperand, index: number): Vector {
    return operand instanceof Local ? operand : operand.halves[index];
  }

  #lift1(operation: (a: Vector) => Vector): WideUnary {
    return (a) => this.#each((i) => operation(this.#half(a, i)));
  }

  #lift2(operation: (a: Vector, b: Vector) => Vector): WideBinary {
    return (a, b) => this.#each((i) => operation(this.#half(a, i), this.#half(b, i)));
  }

  /** Computes a vector into a new local. */
  #shared(vector: Vector): Local<"v128"> {
    const local = this.#function.v128();
    this.#function.set(local, vector);
    return local;
  }

  /** The value itself if storing it needs no computing, else scratch locals that hold it. */
  #computed(value: WideOperand): WideOperand {
    const atHand = this.width === 1 || value instanceof Local ||
      value.halves.every((half) => half instanceof Local);
    if (atHand) return value;
    this.#scratch ??= this.local();
    this.set(this.#scratch, value);
    return this.#scratch;
  }
}
