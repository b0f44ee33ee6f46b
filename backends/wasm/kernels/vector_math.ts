/** Functions of wide values for which WebAssembly has no instruction. */
import {
  f32x4,
  i32x4,
  Local,
  v128,
  type Vector,
  type Wide,
  type WideLocal,
  type WideOperand,
  type WideVectors,
} from "../../../assembler/mod.ts";

/** `max(value, constant)`, NaN if `value` is NaN. Cheaper than the general maximum. */
export function maximumWithConstant(v: WideVectors, value: WideOperand, constant: number): Wide {
  // pmax keeps its first operand unless that is less, so a NaN stays.
  return map(v, value, (half) => f32x4.pmax(half, f32x4.constant(constant)));
}

/**
 * Hyperbolic tangent, relative error about 1e-7, with the polynomials of Cephes' `tanhf` and
 * `expf` (S. L. Moshier, netlib.org/cephes). NaN stays NaN.
 */
export function tanh(v: WideVectors, x: WideOperand): WideLocal {
  const [input, magnitude, square, near, far, sign] = v.locals(6);
  v.set(input, x);
  // From 9.1 on the result rounds to 1.
  v.set(magnitude, v.min(v.abs(input), v.constant(9.1)));
  v.set(square, v.mul(magnitude, magnitude));
  v.set(
    near,
    polynomial(v, square, [
      -5.70498872745e-3,
      2.06390887954e-2,
      -5.37397155531e-2,
      1.33314422036e-1,
      -3.33332819422e-1,
    ]),
  );
  v.set(near, v.madd(v.mul(near, square), magnitude, magnitude));
  const power = exponential(v, v.add(magnitude, magnitude));
  v.set(far, v.sub(v.constant(1), v.div(v.constant(2), v.add(power, v.constant(1)))));
  v.set(near, v.select(v.greater(magnitude, v.constant(0.625)), far, near));
  v.set(sign, map(v, input, (half) => v128.and(half, i32x4.constant(-0x80000000))));
  v.set(near, v.or(near, sign));
  return near;
}

/** Exponential, relative error about 3e-7; infinite from 88.8 on. NaN stays NaN. */
export function exp(v: WideVectors, x: WideOperand): WideLocal {
  const half = v.local();
  // Squaring overflows to infinity by itself, which the polynomial's scale could not.
  v.set(half, v.min(v.max(v.mul(x, v.constant(0.5)), v.constant(-60)), v.constant(60)));
  const root = exponential(v, half);
  v.set(root, v.mul(root, root));
  return root;
}

/**
 * `ln(1 + x)` of values above -1, relative error about 1e-7, as FreeBSD's `log1pf`
 * (e_logf.c, s_log1pf.c of msun): 1 + x = 2^n · (1 + f) with 1 + f from √½ to √2, and
 * log(1 + f) = f - f²/2 + s · (f²/2 + R(s²)), s = f / (2 + f). NaN and infinity stay.
 */
export function log1p(v: WideVectors, x: WideOperand): WideLocal {
  const [input, sum, exponent, f, s, square, halfSquare, result] = v.locals(8);
  const SQRT_HALF_BITS = 0x3f3504f3;
  v.set(input, x);
  v.set(sum, v.add(input, v.constant(1)));
  v.set(
    exponent,
    map(
      v,
      sum,
      (half) => i32x4.shrS(i32x4.sub(half, i32x4.constant(SQRT_HALF_BITS)), 23),
    ),
  );
  v.set(
    f,
    v.sub(
      zip(v, sum, exponent, (half, n) => i32x4.sub(half, i32x4.shl(n, 23))),
      v.constant(1),
    ),
  );
  v.set(exponent, map(v, exponent, f32x4.convertI32x4S));
  v.set(s, v.div(f, v.add(f, v.constant(2))));
  v.set(square, v.mul(s, s));
  v.set(halfSquare, v.mul(v.mul(f, f), v.constant(0.5)));
  v.set(
    result,
    polynomial(v, square, [0.24279078841, 0.28498786688, 0.40000972152, 0.66666662693]),
  );
  v.set(result, v.mul(s, v.madd(result, square, halfSquare)));
  // The bits of x that the sum lost, and ln 2 in two parts.
  const lost = v.div(v.sub(input, v.sub(sum, v.constant(1))), sum);
  v.set(result, v.add(result, v.madd(exponent, v.constant(9.0580006145e-6), lost)));
  v.set(result, v.add(v.sub(result, halfSquare), f));
  v.set(result, v.madd(exponent, v.constant(6.9313812256e-1), result));
  v.set(result, v.select(v.greater(input, v.constant(3e38)), input, result));
  return result;
}

/**
 * Exponential of values from -87 to 88, relative error about 1e-7, as Cephes' `expf`: x is split
 * into n · ln 2 and a remainder, whose exponential is a polynomial.
 */
function exponential(v: WideVectors, x: WideOperand): WideLocal {
  const [rest, scale, result] = v.locals(3);
  v.set(rest, x);
  v.set(scale, map(v, v.mul(rest, v.constant(Math.LOG2E)), f32x4.nearest));
  // ln 2 in two parts, the first of few bits, so that the product is exact.
  v.set(rest, v.nmadd(scale, v.constant(0.693359375), rest));
  v.set(rest, v.nmadd(scale, v.constant(-2.12194440e-4), rest));
  v.set(
    result,
    polynomial(v, rest, [
      1.9875691500e-4,
      1.3981999507e-3,
      8.3334519073e-3,
      4.1665795894e-2,
      1.6666665459e-1,
      5.0000001201e-1,
    ]),
  );
  v.set(result, v.add(v.madd(v.mul(result, rest), rest, rest), v.constant(1)));
  v.set(
    scale,
    map(
      v,
      scale,
      (half) => i32x4.shl(i32x4.add(i32x4.truncSatF32x4S(half), i32x4.constant(127)), 23),
    ),
  );
  v.set(result, v.mul(result, scale));
  return result;
}

/** A polynomial by Horner's rule, highest coefficient first. */
function polynomial(v: WideVectors, x: WideLocal, coefficients: readonly number[]): Wide {
  const [highest, ...rest] = coefficients;
  return rest.reduce<Wide>(
    (sum, coefficient) => v.madd(sum, x, v.constant(coefficient)),
    v.constant(highest),
  );
}

function map(v: WideVectors, value: WideOperand, compute: (half: Vector) => Vector): Wide {
  return { halves: halvesOf(v, value).map(compute) };
}

function zip(
  v: WideVectors,
  a: WideOperand,
  b: WideOperand,
  compute: (a: Vector, b: Vector) => Vector,
): Wide {
  const others = halvesOf(v, b);
  return { halves: halvesOf(v, a).map((half, i) => compute(half, others[i])) };
}

function halvesOf(v: WideVectors, value: WideOperand): readonly Vector[] {
  return value instanceof Local ? new Array<Vector>(v.width).fill(value) : value.halves;
}
