/** Scalar expressions as WGSL text. */
import type { Arithmetic } from "../../graph/types.ts";

/** A number as a WGSL literal of type f32. Throws for numbers f32 cannot hold. */
export function float(value: number): string {
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) throw new Error(`${value} has no WGSL literal`);
  const text = String(rounded);
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}

/** A term of an expression: the name of a shader variable or a literal. */
export interface Term {
  readonly code: string;
  /** Its number, where that is known. */
  readonly constant?: number;
}

/**
 * Arithmetic that writes WGSL: every operation becomes one `let`, so that a term may be used twice
 * without being computed twice.
 */
export class ExpressionWriter implements Arithmetic<Term> {
  /** The statements, in order. */
  readonly lines: string[] = [];
  readonly #type: string;
  readonly #boolean: string;
  readonly #bits: string;

  /** @param width 1 for f32 terms, 4 for vec4<f32> terms */
  constructor(width: 1 | 4) {
    this.#type = width === 4 ? "vec4<f32>" : "f32";
    this.#boolean = width === 4 ? "vec4<bool>" : "bool";
    this.#bits = width === 4 ? "vec4<u32>" : "u32";
  }

  /** A term that holds the value of some WGSL text. */
  let(code: string): Term {
    const name = `t${this.lines.length}`;
    this.lines.push(`let ${name} = ${code};`);
    return { code: name };
  }

  constant(value: number): Term {
    return { code: `${this.#type}(${float(value)})`, constant: value };
  }
  add(a: Term, b: Term): Term {
    return this.let(`${a.code} + ${b.code}`);
  }
  subtract(a: Term, b: Term): Term {
    return this.let(`${a.code} - ${b.code}`);
  }
  multiply(a: Term, b: Term): Term {
    return this.let(`${a.code} * ${b.code}`);
  }
  divide(a: Term, b: Term): Term {
    return this.let(`${a.code} / ${b.code}`);
  }
  maximum(a: Term, b: Term): Term {
    return this.#extreme(a, b, "<=");
  }
  minimum(a: Term, b: Term): Term {
    return this.#extreme(a, b, ">=");
  }
  squareRoot(a: Term): Term {
    return this.let(`sqrt(${a.code})`);
  }
  tanh(a: Term): Term {
    // Drivers compute it from exponentials, which overflow where the result is 1 to f32.
    return this.let(
      `select(tanh(${a.code}), sign(${a.code}), abs(${a.code}) > ${this.#type}(15.0f))`,
    );
  }
  selectGreater(a: Term, b: Term, ifGreater: Term, otherwise: Term): Term {
    return this.let(`select(${otherwise.code}, ${ifGreater.code}, ${a.code} > ${b.code})`);
  }

  /**
   * WGSL's `max` and `min` lose NaN. A comparison with NaN is false, which keeps the first operand;
   * a second operand that may be NaN is looked at bit by bit, since drivers take `b != b` for false.
   */
  #extreme(a: Term, b: Term, comparison: "<=" | ">="): Term {
    if (a.constant !== undefined) [a, b] = [b, a];
    const chosen = `select(${a.code}, ${b.code}, ${a.code} ${comparison} ${b.code})`;
    if (b.constant !== undefined) return this.let(chosen);
    const nan =
      `(bitcast<${this.#bits}>(${b.code}) & ${this.#bits}(0x7fffffffu)) > ${this.#bits}(0x7f800000u)`;
    return this.let(`select(${chosen}, ${b.code}, ${this.#boolean}(${nan}))`);
  }
}
