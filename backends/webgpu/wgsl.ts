/** Names, constants and scalar expressions as WGSL text. */
import type { Arithmetic } from "../../graph/types.ts";
import type { Pair } from "../../ops/convolution_geometry.ts";
import type { Constants } from "./kernel.ts";

/** The name of the function that stores elements of an operand. */
export function storeName(operand: string): string {
  return `store${operand[0].toUpperCase()}${operand.slice(1)}`;
}

/** A number as a WGSL literal of type f32. Throws for numbers that f32 cannot represent. */
export function float(value: number): string {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) throw new Error(`${value} has no WGSL literal`);
  const text = String(rounded);
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}

/** The constants `NAME_Y` and `NAME_X` of a shader. */
export function pairConstants(name: string, [y, x]: Pair): Constants {
  return { [`${name}_Y`]: y, [`${name}_X`]: x };
}

/** A term of an expression: the name of a shader variable or a literal. */
export interface Term {
  readonly code: string;
  /** Its number, if known. */
  readonly constant?: number;
}

/**
 * Arithmetic that writes WGSL: every operation becomes one `let`, so that a term can be used twice
 * and computed once.
 */
export class ExpressionWriter implements Arithmetic<Term> {
  /** The statements, in order. */
  readonly lines: string[] = [];
  readonly #type: string;
  readonly #bits: string;

  /** @param width 1 for f32 terms, 4 for vec4<f32> terms */
  constructor(width: 1 | 4) {
    this.#type = width === 4 ? "vec4<f32>" : "f32";
    this.#bits = width === 4 ? "vec4<u32>" : "u32";
  }

  /** A term with the value of some WGSL. */
  let(code: string): Term {
    const name = `t${this.lines.length}`;
    this.lines.push(`let ${name} = ${code};`);
    return { code: name };
  }

  constant(value: number): Term {
    return { code: `${this.#type}(${float(value)})`, constant: value };
  }
  add = (a: Term, b: Term): Term => this.let(`${a.code} + ${b.code}`);
  subtract = (a: Term, b: Term): Term => this.let(`${a.code} - ${b.code}`);
  multiply = (a: Term, b: Term): Term => this.let(`${a.code} * ${b.code}`);
  divide = (a: Term, b: Term): Term => this.let(`${a.code} / ${b.code}`);
  maximum = (a: Term, b: Term): Term => this.#extreme(a, b, "max");
  minimum = (a: Term, b: Term): Term => this.#extreme(a, b, "min");
  squareRoot = (a: Term): Term => this.let(`sqrt(${a.code})`);
  exp = (a: Term): Term => this.let(`exp(${a.code})`);

  tanh(a: Term): Term {
    // Drivers compute it from exponentials, which overflow when the result is 1 in f32.
    return this.let(
      `select(tanh(${a.code}), sign(${a.code}), abs(${a.code}) > ${this.#type}(15.0f))`,
    );
  }

  log1p(a: Term): Term {
    const number = (value: number) => `${this.#type}(${float(value)})`;
    // Near 0 the sum would lose the digits that matter; the series is exact in f32 there.
    const series = [4, 3, 2].reduce(
      (rest, n) => `(${number(1 / n)} - ${a.code} * ${rest})`,
      number(1 / 5),
    );
    const small = `${a.code} * (${number(1)} - ${a.code} * ${series})`;
    return this.let(
      `select(log(${number(1)} + ${a.code}), ${small}, abs(${a.code}) < ${number(0.03)})`,
    );
  }

  selectGreater(a: Term, b: Term, ifGreater: Term, otherwise: Term): Term {
    const numbers = [a, b].filter(({ constant }) => constant === undefined)
      .map(({ code }) => `!${isNan(code, this.#bits)}`);
    const isGreater = [`(${a.code} > ${b.code})`, ...numbers].join(" & ");
    return this.let(`select(${otherwise.code}, ${ifGreater.code}, ${isGreater})`);
  }

  /**
   * WGSL's `max` and `min` may lose NaN, and drivers may compile comparisons with it in any way, so
   * operands that may be NaN are tested by their bits.
   */
  #extreme(a: Term, b: Term, name: "max" | "min"): Term {
    const chosen = this.let(`${name}(${a.code}, ${b.code})`);
    return [a, b].reduce((result, operand) => {
      if (operand.constant !== undefined) return result;
      return this.let(
        `select(${result.code}, ${operand.code}, ${isNan(operand.code, this.#bits)})`,
      );
    }, chosen);
  }
}

/** WGSL that tests floats for NaN by their bits; `bits` is u32, or a vector of it. */
function isNan(code: string, bits: string): string {
  return `((bitcast<${bits}>(${code}) & ${bits}(0x7fffffffu)) > ${bits}(0x7f800000u))`;
}
