/** Exponential and logarithm in double precision, as functions that kernels call. */
import { type Callable, type Expression, f64, i32, i64 } from "../../../assembler/mod.ts";
import type { FunctionLibrary } from "../kernel.ts";

export type RealFunction = Callable<{ readonly x: "f64" }, "f64">;

/** ln 2 in two parts, the first of few bits, so that a small multiple of it is exact. */
const LN2_HIGH = 6.93147180369123816490e-1;
const LN2_LOW = 1.90821492927058770002e-10;

/**
 * `exp(x)`, relative error about 1e-16; 0 below -708 and infinite above 709. Splits x into n · ln 2
 * and a remainder of at most half of ln 2, whose exponential is a Taylor polynomial.
 */
export function exponential(library: FunctionLibrary): RealFunction {
  return library.function("exp", { x: "f64" }, "f64", (f) => {
    const { x } = f.parameters;
    const n = f.f64(), rest = f.f64(), power = f.i64();
    f.if(f64.lt(x, -708), () => f.return(0));
    f.if(f64.gt(x, 709), () => f.return(Infinity));
    f.set(n, f64.nearest(f64.mul(x, Math.LOG2E)));
    f.set(rest, f64.sub(f64.sub(x, f64.mul(n, LN2_HIGH)), f64.mul(n, LN2_LOW)));
    f.set(power, i64.extendI32S(i32.add(i32.truncSatF64S(n), 1023)));
    const scale = f64.reinterpretI64(i64.shl(power, 52n));
    let factorial = 1;
    const coefficients = Array.from({ length: 14 }, (_, i) => 1 / (factorial *= Math.max(1, i)));
    f.return(f64.mul(polynomial(rest, coefficients), scale));
  });
}

/**
 * `log(x)` of normal positive numbers, relative error about 1e-16; NaN and infinity stay. With
 * x = 2^e · m and s = (m - 1) / (m + 1), log m = 2 · (s + s³/3 + s⁵/5 + …).
 */
export function logarithm(library: FunctionLibrary): RealFunction {
  return library.function("log", { x: "f64" }, "f64", (f) => {
    const { x } = f.parameters;
    const bits = f.i64(), exponent = f.f64(), mantissa = f.f64(), s = f.f64(), square = f.f64();
    f.if(i32.eqz(f64.lt(x, Infinity)), () => f.return(x));
    f.set(bits, i64.reinterpretF64(x));
    f.set(exponent, f64.convertI32S(i32.sub(i32.wrapI64(i64.shrU(bits, 52n)), 1023)));
    const fraction = i64.and(bits, (1n << 52n) - 1n);
    f.set(mantissa, f64.reinterpretI64(i64.or(fraction, 1023n << 52n)));
    f.if(f64.gt(mantissa, Math.SQRT2), () => {
      f.set(mantissa, f64.mul(mantissa, 0.5));
      f.set(exponent, f64.add(exponent, 1));
    });
    f.set(s, f64.div(f64.sub(mantissa, 1), f64.add(mantissa, 1)));
    f.set(square, f64.mul(s, s));
    const coefficients = Array.from({ length: 11 }, (_, i) => 2 / (2 * i + 1));
    const small = f64.add(
      f64.mul(s, polynomial(square, coefficients)),
      f64.mul(exponent, LN2_LOW),
    );
    f.return(f64.add(f64.mul(exponent, LN2_HIGH), small));
  });
}

/** A polynomial by Horner's rule, lowest coefficient first. */
function polynomial(x: Expression<"f64">, coefficients: readonly number[]): Expression<"f64"> {
  const [highest, ...rest] = coefficients.toReversed();
  return rest.reduce<Expression<"f64">>(
    (sum, coefficient, i) => f64.add(i === 0 ? f64.mul(x, highest) : f64.mul(sum, x), coefficient),
    x,
  );
}
