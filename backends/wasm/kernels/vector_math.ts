/** Functions of wide values that WebAssembly has no instruction for. */
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
} from "../assembler/mod.ts";

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

/**
 * Exponential of values from -87 to 88, relative error about 1e-7, as Cephes' `expf`: x is split
 * into n · ln 2 and a rest, whose exponential is a polynomial.
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
  const halves = value instanceof Local ? new Array<Vector>(v.width).fill(value) : value.halves;
  return { halves: halves.map(compute) };
}
