/** Arithmetic on sums over images. */
import type { Sums } from "../checkpoints/run_state.ts";

/** The sums over the images of both. */
export function addSums(a: Sums, b: Sums): Sums {
  return mapSums(b, (value, name, i) => {
    const before = a[name] ?? 0;
    return value + (typeof before === "number" ? before : before[i]);
  });
}

/** Zeros of the same names. */
export function cleared(sums: Sums): Sums {
  return mapSums(sums, () => 0);
}

function mapSums(sums: Sums, map: (value: number, name: string, i: number) => number): Sums {
  return Object.fromEntries(
    Object.entries(sums).map(([name, value]) => [
      name,
      typeof value === "number" ? map(value, name, 0) : value.map((item, i) => map(item, name, i)),
    ]),
  );
}
