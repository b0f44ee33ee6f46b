/** Rules for attributes of stored nodes: small checks that describe ops, as data. */

/** A rule for one attribute. */
export interface AttributeRule {
  /** In words, such as `a whole number of 1 to 8`. */
  readonly expected: string;
  /** Whether a value from a file, which may be anything, satisfies the rule. */
  accepts(value: unknown): boolean;
}

/** A rule for every attribute of `A`. */
export type AttributeRules<A> = { readonly [K in keyof A]-?: AttributeRule };

/** More than a tensor has along one axis. */
export const MAX_EXTENT = 2 ** 24;

/** More rows or columns than an image with its padding has: kernels are planned row by row. */
export const MAX_SIDE = 2 ** 20;

/** Most axes of a tensor. */
export const MAX_RANK = 8;

/** A whole number from `least` to `most`, default {@link MAX_EXTENT}. */
export function whole(least: number, most = MAX_EXTENT): AttributeRule {
  return {
    expected: least === most ? String(least) : `a whole number of ${least} to ${most}`,
    accepts: (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
  };
}

/** A number that is finite as f32, and at least `least` where that is given. */
export function finite(least = -Infinity): AttributeRule {
  return {
    expected: least === -Infinity ? "a finite number" : `a finite number of at least ${least}`,
    accepts: (value) =>
      typeof value === "number" && Number.isFinite(Math.fround(value)) && value >= least,
  };
}

/** A number that is finite and above 0 as f32. */
export const positive: AttributeRule = {
  expected: "a number above 0",
  accepts: (value) => finite(0).accepts(value) && Math.fround(Number(value)) > 0,
};

export const flag: AttributeRule = oneOf([true, false]);

/** One of some values. */
export function oneOf(values: readonly unknown[]): AttributeRule {
  return {
    expected: values.map((value) => JSON.stringify(value)).join(" or "),
    accepts: (value) => values.includes(value),
  };
}

/** A list of at most `most` elements, or of exactly `length`. */
export function listOf(
  rule: AttributeRule,
  { most = MAX_RANK, length }: { readonly most?: number; readonly length?: number } = {},
): AttributeRule {
  return {
    expected: `a list of ${length ?? `up to ${most}`}, each ${rule.expected}`,
    accepts: (value) =>
      Array.isArray(value) && value.length <= (length ?? most) &&
      value.length >= (length ?? 0) && value.every(rule.accepts),
  };
}

/** Two numbers, of height and width, from `least` to `most`, default {@link MAX_SIDE}. */
export function pairOf(least: number, most = MAX_SIDE): AttributeRule {
  return listOf(whole(least, most), { length: 2 });
}

export const text: AttributeRule = {
  expected: "a text",
  accepts: (value) => typeof value === "string",
};

/** A rule that also allows an absent value. */
export function optional({ expected, accepts }: AttributeRule): AttributeRule {
  return {
    expected: `${expected}, or nothing`,
    accepts: (value) => value === undefined || accepts(value),
  };
}

/** What is wrong with attributes, as a sentence; undefined if they satisfy the rules. */
export function wrongAttribute(
  rules: Readonly<Record<string, AttributeRule>>,
  attributes: Readonly<Record<string, unknown>>,
): string | undefined {
  const unknown = Object.keys(attributes).find((name) => !Object.hasOwn(rules, name));
  if (unknown !== undefined) return `has no attribute ${JSON.stringify(unknown)}`;
  const wrong = Object.entries(rules).find(([name, rule]) => !rule.accepts(attributes[name]));
  if (!wrong) return undefined;
  const [name, { expected }] = wrong;
  const found = JSON.stringify(attributes[name]) ?? "nothing";
  const shown = found.length > 60 ? `${found.slice(0, 60)}…` : found;
  return `${name} is ${shown}; expected ${expected}`;
}
