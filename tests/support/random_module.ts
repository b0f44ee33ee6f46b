/**
 * Random WebAssembly like that which Overfold emits: every instruction, groups of vectors, loops,
 * branches and calls. NaN payloads, which WebAssembly leaves unspecified, affect only the memory
 * for floats.
 */
import {
  type AnyFunction,
  atomic,
  call,
  type Callable,
  type Expression,
  f32,
  f32x4,
  f64,
  f64x2,
  type FunctionBuilder,
  i16x8,
  i32,
  i32x4,
  i64,
  type Local,
  memory,
  ModuleBuilder,
  type Operand,
  select,
  v128,
  type Vector,
} from "../../assembler/mod.ts";
import type { RandomStream } from "../../graph/random.ts";

/** Offsets of the areas of memory; each has {@link AREA_BYTES}. */
const AREAS = { floats: 0, integers: 4096, doubles: 8192, bytes: 12288 } as const;
const AREA_BYTES = 4096;

/** Bytes at the start of a memory that a random module reads and writes. */
export const RANDOM_MODULE_BYTES = 4 * AREA_BYTES;

/** The kind of a vector or number, more specific than its type. */
type Kind = "integer" | "float" | "double" | "long" | "floats" | "integers";

type Expressions = {
  integer: Expression<"i32">;
  float: Expression<"f32">;
  double: Expression<"f64">;
  long: Expression<"i64">;
  floats: Vector;
  integers: Vector;
};

const TYPES = {
  integer: "i32",
  float: "f32",
  double: "f64",
  long: "i64",
  floats: "v128",
  integers: "v128",
} as const;

/** A group of vectors, declared together. */
interface Group {
  readonly kind: "floats" | "integers";
  readonly members: readonly Local<"v128">[];
}

/** Fills a memory's areas with numbers. */
export function fillMemory(bytes: Uint8Array, random: RandomStream): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const special = [0, -0, 1, -1, Infinity, -Infinity, 3e38, 1e-40, 2147483648, -2147483648, 0.5];
  const number = () =>
    random.integer(8) === 0 ? special[random.integer(special.length)] : 8 * random.uniform() - 4;
  for (let i = 0; i < AREA_BYTES; i += 4) {
    view.setFloat32(AREAS.floats + i, number(), true);
    view.setUint32(AREAS.integers + i, random.uint32(), true);
    view.setUint32(AREAS.bytes + i, random.uint32(), true);
    if (i % 8 === 0) view.setFloat64(AREAS.doubles + i, number(), true);
  }
}

/** Gives all NaNs in a memory the same payload, so that memories can be compared. */
export function settleNaNs(bytes: Uint8Array): void {
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset + AREAS.floats, AREA_BYTES / 4);
  const doubles = new Float64Array(bytes.buffer, bytes.byteOffset + AREAS.doubles, AREA_BYTES / 8);
  floats.forEach((value, i) => floats[i] = Number.isNaN(value) ? NaN : value);
  doubles.forEach((value, i) => doubles[i] = Number.isNaN(value) ? NaN : value);
}

/** A module that exports `run`, which takes a thread number. */
export function randomModule(random: RandomStream): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder({ maximumPages: 1, shared: false });
  const helpers = Array.from({ length: random.integer(3) }, (_, i) => {
    const result = pick(["i32", "f32", "v128", "void"] as const, random);
    const parameters = { a: "i32", b: "f32", c: "v128", d: "f64" } as const;
    const f = module.function(`helper ${i}`, parameters, result);
    new Writer(f as unknown as AnyFunction, random, []).body(12);
    return f;
  });
  const run = module.function("run", { thread: "i32" });
  new Writer(run, random, helpers).body(30);
  module.export(run);
  return module.build();
}

type Helper = FunctionBuilder<
  { readonly a: "i32"; readonly b: "f32"; readonly c: "v128"; readonly d: "f64" },
  "i32" | "f32" | "v128" | "void"
>;

function pick<T>(items: readonly T[], random: RandomStream): T {
  return items[random.integer(items.length)];
}

/** Writes random statements into a function. */
class Writer {
  readonly #f: AnyFunction;
  readonly #random: RandomStream;
  readonly #helpers: readonly Helper[];
  readonly #locals: { [K in Kind]: Local<(typeof TYPES)[K]>[] };
  readonly #groups: readonly Group[];
  #depth = 0;

  constructor(f: AnyFunction, random: RandomStream, helpers: readonly Helper[]) {
    this.#f = f;
    this.#random = random;
    this.#helpers = helpers;
    const locals = <K extends Kind>(kind: K) =>
      Array.from({ length: 2 + random.integer(5) }, () => f.local(TYPES[kind]));
    this.#groups = Array.from({ length: 4 + random.integer(8) }, () => ({
      kind: pick(["floats", "integers"] as const, random),
      members: f.locals("v128", pick([2, 2, 4, 4, 8, 3], random)),
    }));
    const ofKind = (kind: Kind) =>
      this.#groups.filter((group) => group.kind === kind).flatMap(({ members }) => members);
    this.#locals = {
      integer: locals("integer"),
      float: locals("float"),
      double: locals("double"),
      long: locals("long"),
      floats: [...locals("floats"), ...ofKind("floats")],
      integers: [...locals("integers"), ...ofKind("integers")],
    };
    for (const parameter of Object.values(f.parameters)) {
      if (parameter.type === "i32") this.#locals.integer.push(parameter as Local<"i32">);
      if (parameter.type === "f32") this.#locals.float.push(parameter as Local<"f32">);
      if (parameter.type === "f64") this.#locals.double.push(parameter as Local<"f64">);
      if (parameter.type === "v128") this.#locals.floats.push(parameter as Local<"v128">);
    }
  }

  /** Statements, then a store of every local, then the result. */
  body(statements: number): void {
    this.#block(statements);
    const f = this.#f;
    for (const local of this.#locals.floats) f.emit(v128.store(this.#address("floats"), local));
    for (const local of this.#locals.integers) {
      f.emit(v128.store(this.#address("integers"), local));
    }
    for (const local of this.#locals.integer) f.emit(i32.store(this.#address("integers"), local));
    for (const local of this.#locals.float) f.emit(f32.store(this.#address("floats"), local));
    for (const local of this.#locals.double) f.emit(f64.store(this.#address("doubles"), local));
    for (const local of this.#locals.long) {
      f.emit(i32.store(this.#address("integers"), i32.wrapI64(local)));
    }
    const kind = { i32: "integer", f32: "float", v128: "floats" } as const;
    const { resultType } = f;
    if (resultType in kind) {
      const result = this.#expression(kind[resultType as keyof typeof kind], 2);
      (f as unknown as FunctionBuilder<Record<never, never>, "i32">).return(
        result as Expression<"i32">,
      );
    }
  }

  #block(statements: number): void {
    for (let i = 0; i < statements; i++) this.#statement();
  }

  #statement(): void {
    const f = this.#f, random = this.#random;
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
        return f.if(this.#condition(), () => this.#nested());
      case 11:
        return f.if(this.#condition(), () => this.#nested(), () => this.#nested());
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
    const local = pick<Local<"i32">>(this.#locals[kind] as Local<"i32">[], this.#random);
    this.#f.set(local, this.#expression(kind, 3) as Expression<"i32">);
  }

  /** Calls, copies, atomics and lanes. */
  #special(): void {
    const f = this.#f, random = this.#random;
    const helper = random.integer(2) === 0 ? undefined : this.#helpers[random.integer(4)];
    if (helper) {
      const result = call(helper as Callable<(typeof helper)["parameterTypes"], "f32">, {
        a: this.#expression("integer", 2),
        b: this.#expression("float", 2),
        c: this.#expression("floats", 2),
        d: this.#expression("double", 1),
      });
      const kinds = { i32: "integer", f32: "float", v128: "floats", void: undefined } as const;
      const kind = kinds[helper.resultType];
      if (!kind) return f.emit(result as unknown as Expression<"void">);
      if (random.integer(4) === 0) return f.drop(result);
      return f.set(
        pick<Local<"f32">>(this.#locals[kind] as unknown as Local<"f32">[], random),
        result,
      );
    }
    const from = this.#address("bytes"), to = this.#address("bytes");
    switch (random.integer(8)) {
      case 7: {
        const half = f64x2.promoteLowF32x4(this.#expression("floats", 1));
        const other = f64x2.promoteLowF32x4(this.#expression("floats", 0));
        return f.emit(v128.store(this.#address("doubles"), f64x2.add(half, other)));
      }
      case 0:
        return f.emit(memory.copy(from, to, random.integer(100)));
      case 1:
        return f.emit(memory.fill(from, this.#expression("integer", 1), random.integer(100)));
      case 2:
        return f.emit(atomic.store(i32.and(from, -4), this.#expression("integer", 2)));
      case 3:
        return f.set(
          pick(this.#locals.integer, random),
          atomic.add(i32.and(from, -4), this.#expression("integer", 2), 8),
        );
      case 4: {
        const local = pick(this.#locals.floats, random);
        const place = this.#address("floats");
        return f.set(
          local,
          v128.load32Lane(place, this.#expression("floats", 1), random.integer(4)),
        );
      }
      case 5:
        return f.emit(
          v128.store32Lane(
            this.#address("floats"),
            this.#expression("floats", 1),
            random.integer(4),
          ),
        );
      default:
        return f.emit(
          v128.store64Lane(
            this.#address("floats"),
            this.#expression("floats", 1),
            random.integer(2),
          ),
        );
    }
  }

  #store(): void {
    const f = this.#f, offset = 16 * this.#random.integer(8);
    switch (this.#random.integer(5)) {
      case 0:
        return f.emit(i32.store(this.#address("integers"), this.#expression("integer", 2), offset));
      case 1:
        return f.emit(f32.store(this.#address("floats"), this.#expression("float", 2), offset));
      case 2:
        return f.emit(f64.store(this.#address("doubles"), this.#expression("double", 2), offset));
      case 3:
        return f.emit(v128.store(this.#address("floats"), this.#expression("floats", 2), offset));
      default:
        return f.emit(
          v128.store(this.#address("integers"), this.#expression("integers", 2), offset),
        );
    }
  }

  /** Sets some or all vectors of a group to the same function of adjacent vectors. */
  #setGroup(): void {
    const random = this.#random;
    const { kind, members } = pick(this.#groups, random);
    const all = random.integer(5) > 0;
    const count = all ? members.length : 1 + random.integer(members.length);
    const make = this.#vectors(kind, count, 2);
    members.slice(0, count).forEach((member, i) => this.#f.set(member, make(i)));
  }

  #storeGroup(): void {
    const { kind, members } = pick(this.#groups, this.#random);
    const base = this.#f.i32();
    this.#f.set(base, this.#address(kind));
    members.forEach((member, i) => this.#f.emit(v128.store(base, member, 16 * i)));
  }

  /** The same expression for each of several vectors, with different operands. */
  #vectors(kind: "floats" | "integers", count: number, depth: number): (i: number) => Vector {
    const random = this.#random;
    const deeper = () => this.#vectors(kind, count, depth - 1);
    if (depth > 0) {
      const [a, b, c] = [deeper(), deeper(), deeper()];
      if (kind === "integers") {
        const bits = random.integer(32);
        return pick<(i: number) => Vector>([
          (i) => i32x4.add(a(i), b(i)),
          (i) => i32x4.sub(a(i), b(i)),
          (i) => i32x4.shl(a(i), bits),
          (i) => i32x4.shrU(a(i), bits),
          (i) => i32x4.shrS(a(i), bits),
          (i) => v128.bitselect(a(i), b(i), c(i)),
          (i) => i32x4.ltU(a(i), b(i)),
        ], random);
      }
      return pick<(i: number) => Vector>([
        (i) => f32x4.add(a(i), b(i)),
        (i) => f32x4.mul(a(i), b(i)),
        (i) => f32x4.relaxedMadd(a(i), b(i), c(i)),
        (i) => f32x4.relaxedNmadd(a(i), b(i), c(i)),
        (i) => f32x4.max(a(i), b(i)),
        (i) => f32x4.min(a(i), b(i)),
        (i) => f32x4.pmax(a(i), b(i)),
        (i) => v128.bitselect(a(i), b(i), f32x4.gt(b(i), c(i))),
        (i) => f32x4.abs(a(i)),
        (i) => f32x4.sqrt(a(i)),
      ], random);
    }
    const fitting = this.#groups.filter((group) =>
      group.kind === kind && group.members.length >= count
    );
    const base = pick(this.#locals.integer, random), offset = 16 * random.integer(20);
    const shared = pick(this.#locals[kind], random);
    const group = fitting.length > 0 ? pick(fitting, random).members : [];
    const area = AREAS[kind];
    const place = i32.add(i32.and(base, 1020), area);
    return pick<(i: number) => Vector>([
      ...(group.length > 0 ? Array(4).fill((i: number) => group[i]) : []),
      () => shared,
      (i) => v128.load(place, offset + 16 * i),
      () => v128.load32Splat(place, offset),
      () => kind === "floats" ? f32x4.constant(1.5) : i32x4.constant(77),
    ], random);
  }

  /** An address in an area, with room for 600 bytes after it. */
  #address(area: keyof typeof AREAS): Expression<"i32"> {
    if (this.#random.integer(6) === 0) {
      // A constant, which includes the offset.
      return i32.add(AREAS[area] + 8 * this.#random.integer(300), 0);
    }
    return i32.add(i32.and(this.#expression("integer", 1), 2040), AREAS[area]);
  }

  #condition(): Expression<"i32"> {
    const integer = () => this.#expression("integer", 1);
    const double = () => this.#expression("double", 1);
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

  #expression<K extends Kind>(kind: K, depth: number): Expressions[K] {
    const make = {
      integer: () => this.#integer(depth),
      float: () => this.#float(depth),
      double: () => this.#double(depth),
      long: () => this.#long(depth),
      floats: () => this.#floats(depth),
      integers: () => this.#integers(depth),
    }[kind];
    return make() as Expressions[K];
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
      () => select("i32", this.#condition(), a(), b()),
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
      () => select("f32", this.#condition(), a(), 2.5),
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
      () => select("f64", this.#condition(), a(), a()),
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
      () => select("v128", this.#condition(), a(), a()),
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
