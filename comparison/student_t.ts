/** Student's t distribution with integer degrees of freedom. */

/** Relative tolerance of the continued fraction. */
const CLOSE = 1e-15;
/** Bisections after which an interval contains no further number. */
const HALVINGS = 200;

/**
 * The probability of a t at least as far from 0 without an effect: I_x(ν/2, 1/2) with
 * x = ν / (ν + t²), by Abramowitz and Stegun (1964), 26.5.27.
 *
 * @param freedom ν, at least 1
 */
export function twoSidedP(t: number, freedom: number): number {
  const [a, b, x] = [freedom / 2, 1 / 2, freedom / (freedom + t * t)];
  return x < (a + 1) / (a + b + 2)
    ? betaFraction(a, b, x, 1 - x)
    : 1 - betaFraction(b, a, t * t / (freedom + t * t), x);
}

/** The t at which {@link twoSidedP} is `p`, of (0, 1). */
export function criticalT(p: number, freedom: number): number {
  let [low, high] = [0, 1];
  while (twoSidedP(high, freedom) > p) high *= 2;
  for (let i = 0; i < HALVINGS && low < high; i++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (twoSidedP(middle, freedom) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The regularized incomplete beta function I_x(a, b) by its continued fraction, 26.5.8, evaluated by
 * Lentz's method. One of `a` and `b` is 1/2, the other a multiple of it.
 *
 * @param rest 1 - x
 */
function betaFraction(a: number, b: number, x: number, rest: number): number {
  if (x === 0) return 0;
  let [c, d] = [1, 1 / (1 - (a + b) * x / (a + 1))];
  let fraction = d;
  for (let m = 1, change = 0; Math.abs(change - 1) > CLOSE && m < 10_000; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    fraction *= d * c;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    change = d * c;
    fraction *= change;
  }
  return x ** a * rest ** b * fraction / (a * betaOfHalf(Math.max(a, b)));
}

/** B(a, 1/2), `a` a multiple of 1/2: B(a + 1, b) = B(a, b) · a / (a + b). */
function betaOfHalf(a: number): number {
  let [at, value] = a % 1 === 0 ? [1, 2] : [1 / 2, Math.PI];
  for (; at < a; at++) value *= at / (at + 1 / 2);
  return value;
}
