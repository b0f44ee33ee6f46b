/**
 * Normalization of rows by their own mean and variance, and its gradient: rows are the channels of
 * a pixel, channels last, or a group of channels of an image in plain order. Sums have 16 lanes in
 * every vector width, so that no bit depends on it.
 */
import { sizeOf } from "../../../graph/types.ts";
import type { GroupNormalizeAttributes } from "../../../ops/row_normalize.ts";
import {
  type Expression,
  f32,
  f32x4,
  f64,
  i32,
  type Local,
  type Target,
  v128,
  type Wide,
  WideVectors,
  widths,
} from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction } from "../kernel.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import { repeat } from "./loops.ts";

/** Independent sums of a row. */
const LANES = 16;

interface Rows {
  /** Floats of a row that count. */
  readonly length: number;
  /** Floats from one row to the next; those in between are written as zeros. */
  readonly step: number;
}

/** Loads a vector of an operand: `load(x)` is the current part of the row at address `x`. */
type Load = (row: Local<"i32">) => Wide;

class RowWalk {
  readonly #offset: Local<"i32">;
  readonly #address: Local<"i32">;

  constructor(
    private readonly f: KernelFunction<string>,
    private readonly target: Target,
    private readonly rows: Rows,
  ) {
    this.#offset = f.i32();
    this.#address = f.i32();
  }

  /** Means over a row of the terms of each of its vectors; missing lanes count as 0. */
  means(count: number, terms: (v: WideVectors, load: Load) => Wide[]): Local<"f32">[] {
    const { f, target, rows: { length } } = this;
    const [wide] = widths(f, target);
    const narrow = new WideVectors(f, { ...target, wide: 1 });
    const whole = Math.floor(length / LANES);
    const totals = Array.from({ length: count }, () => wide.locals(LANES / wide.lanes));
    const rest = narrow.locals(count);
    totals.flat().forEach((total) => wide.set(total, wide.zero()));
    rest.forEach((total) => narrow.set(total, narrow.zero()));
    f.set(this.#offset, 0);
    repeat(f, whole, () => {
      for (let part = 0; part < LANES / wide.lanes; part++) {
        terms(wide, this.#loader(wide)).forEach((term, k) =>
          wide.set(totals[k][part], wide.add(totals[k][part], term))
        );
        f.increment(this.#offset, wide.bytes);
      }
    });
    this.#narrow(whole * LANES, (lanes) => {
      terms(narrow, this.#loader(narrow, lanes)).forEach((term, k) =>
        narrow.set(rest[k], narrow.add(rest[k], lanes === 4 ? term : masked(term, lanes)))
      );
    });
    return totals.map((parts, k) => {
      for (let half = parts.length / 2; half >= 1; half /= 2) {
        for (let i = 0; i < half; i++) wide.set(parts[i], wide.add(parts[i], parts[i + half]));
      }
      const mean = f.f32();
      const total = f32.add(wide.sumLanes(parts[0]), narrow.sumLanes(rest[k]));
      f.set(mean, f32.div(total, length));
      return mean;
    });
  }

  /** Stores `value` of each vector of a row, and zeros after the row. */
  store(to: Local<"i32">, value: (v: WideVectors, load: Load) => Wide): void {
    const { f, target, rows: { length, step } } = this;
    const [wide] = widths(f, target);
    const narrow = new WideVectors(f, { ...target, wide: 1 });
    const whole = Math.floor(length / wide.lanes);
    const stored = narrow.local();
    f.set(this.#offset, 0);
    repeat(f, whole, () => {
      const result = wide.local();
      wide.set(result, value(wide, this.#loader(wide)));
      f.set(this.#address, i32.add(to, this.#offset));
      wide.store(this.#address, result);
      f.increment(this.#offset, wide.bytes);
    });
    this.#narrow(whole * wide.lanes, (lanes) => {
      const result = value(narrow, this.#loader(narrow, lanes));
      narrow.set(stored, lanes === 4 ? result : masked(result, lanes));
      f.set(this.#address, i32.add(to, this.#offset));
      const [vector] = stored.halves;
      f.emit(...storeLanes(this.#address, vector, 0, step > length ? 4 : lanes));
    });
  }

  /** Runs `body` for the vectors of four lanes from element `first` on; the last may have fewer. */
  #narrow(first: number, body: (lanes: number) => void): void {
    const rest = this.rows.length - first;
    repeat(this.f, Math.floor(rest / 4), () => {
      body(4);
      this.f.increment(this.#offset, 16);
    });
    if (rest % 4 > 0) body(rest % 4);
  }

  #loader(v: WideVectors, lanes = 4): Load {
    return (row) => {
      this.f.set(this.#address, i32.add(row, this.#offset));
      const loaded = v.local();
      v.set(
        loaded,
        lanes === 4 ? v.load(this.#address) : { halves: [loadLanes(this.#address, 0, lanes)] },
      );
      return loaded;
    };
  }
}

/** The first lanes of a vector, the others zero. */
function masked({ halves: [vector] }: Wide, lanes: number): Wide {
  const kept = f32x4.constant(1, ...[1, 2, 3].map((lane) => lane < lanes ? 1 : 0));
  const zero = f32x4.constant(0);
  return { halves: [v128.bitselect(vector, zero, f32x4.gt(kept, zero))] };
}

/** Writes the normalization of the rows of the share, or its gradient. */
function normalizeRows(
  f: KernelFunction<string>,
  target: Target,
  rows: Rows,
  eps: number,
  gradient: boolean,
): void {
  const { first, end, x: start, y: result, dy } = f.parameters;
  const row = f.i32(), x = f.i32(), y = f.i32(), upstream = f.i32();
  const walk = new RowWalk(f, target, rows);
  const splat = (value: Expression<"f32">) => {
    const vector = f.v128();
    f.set(vector, f32x4.splat(value));
    return vector;
  };
  const at = (base: Local<"i32">) => i32.add(base, i32.mul(row, 4 * rows.step));
  f.loop(row, first, end, 1, () => {
    f.set(x, at(start));
    f.set(y, at(result));
    // Relative to the row's first number, so that a common offset costs no precision.
    const origin = splat(f32.load(x));
    const counted = (v: WideVectors, load: Load) => v.sub(load(x), origin);
    const [mean] = walk.means(1, (v, load) => [counted(v, load)]);
    const centre = splat(mean);
    const [variance] = walk.means(1, (v, load) => {
      const distance = v.local();
      v.set(distance, v.sub(counted(v, load), centre));
      return [v.mul(distance, distance)];
    });
    const deviation = f64.sqrt(f64.add(f64.promoteF32(variance), eps));
    const stretch = splat(f32.demoteF64(f64.div(1, deviation)));
    const normal = (v: WideVectors, load: Load) => v.mul(v.sub(counted(v, load), centre), stretch);
    if (!gradient) return walk.store(y, normal);
    f.set(upstream, at(dy));
    const [average, slope] = walk.means(2, (v, load) => {
      const value = load(upstream);
      return [value, v.mul(value, normal(v, load))];
    }).map(splat);
    walk.store(y, (v, load) => {
      const level = v.local();
      v.set(level, v.sub(load(upstream), average));
      return v.mul(v.sub(level, v.mul(normal(v, load), slope)), stretch);
    });
  });
}

/** `pixelNormalize`, `groupNormalize` and their gradients. */
export const rowNormalize: KernelFamily = {
  ops: ["pixelNormalize", "groupNormalize"].flatMap((op) => [op, `${op}Gradient`]),
  orders({ op, inputs, outputs }) {
    const order = op.name.startsWith("pixel") ? "channelsLast" : "plain";
    return { inputs: inputs.map(() => order), outputs: outputs.map(() => order) };
  },
  lower({ op, inputs, outputs: [output], attributes }, lowering) {
    const { eps, groups } = attributes as GroupNormalizeAttributes;
    const gradient = op.name.endsWith("Gradient");
    const { batch, channels, paddedChannels, pixels, order } = lowering.layout(output);
    const length = sizeOf(output.shape) / batch / groups;
    const rows = order === "plain"
      ? { length, step: length }
      : { length: channels, step: paddedChannels };
    const [x, dy] = inputs.toReversed();
    const operands = {
      x: lowering.ref(x, output.shape),
      y: lowering.ref(output, output.shape),
      ...(gradient ? { dy: lowering.ref(dy, output.shape) } : {}),
    };
    lowering.launch<string>({
      kernel: `${gradient ? "row gradient" : "row normal"} ${JSON.stringify([rows, eps])}`,
      build: (f) => normalizeRows(f, lowering.target, rows, eps, gradient),
      args: operands,
      writes: ["y"],
      items: batch * (order === "plain" ? groups : pixels),
      images: { count: batch, operands: Object.keys(operands) },
    });
  },
};
