/** Pieces of WGSL that the kernels of convolutions share. */
import type { ConvolutionGeometry, Pair } from "../../../ops/convolution_geometry.ts";

/** WGSL statements that declare `name` as the i-th of some numbers, `i` a u32 in scope. */
export function selectNumber(name: string, numbers: readonly number[], i: string): string {
  const [first, ...others] = numbers;
  if (others.every((number) => number === first)) return `let ${name} = ${first}i;`;
  const cases = numbers.map((number, k) =>
    `case ${k}u${k === 0 ? ", default" : ""}: { ${name} = ${number}i; }`
  );
  return `var ${name} = 0i; switch (${i}) { ${cases.join(" ")} }`;
}

/**
 * WGSL of whether the pixel at row `y`, column `x` (i32) lies in an image; below 0 is far beyond its
 * end as u32. Conditions of unrolled code are joined by `&`: each `&&` is a branch, and SwiftShader
 * takes minutes and gigabytes to compile a hundred of them.
 */
export function isInside([height, width]: Pair): string {
  return `(u32(y) < ${height}u) & (u32(x) < ${width}u)`;
}

/** WGSL of where pixel `y`, `x` of an image begins, in vectors of which a pixel has some. */
export function pixelPlace(
  [height, width]: Pair,
  vectors: number,
  { image = "image", y = "u32(y)", x = "u32(x)" } = {},
): string {
  return `((${image} * ${height}u + ${y}) * ${width}u + ${x}) * ${vectors}u`;
}

/** WGSL functions that map a row `rowAt` or column `columnAt` beyond the border to the one it copies. */
export function borderFunctions({ inSize, paddingMode }: ConvolutionGeometry): string {
  if (paddingMode === "zeros") return "";
  return (["rowAt", "columnAt"] as const).map((name, axis) => {
    const size = inSize[axis];
    const mapped = {
      replicate: `clamp(i, 0i, ${size - 1}i)`,
      reflect: `select(select(i, -i, i < 0i), ${2 * (size - 1)}i - i, i > ${size - 1}i)`,
      circular: `(i + ${size}i) % ${size}i`,
    }[paddingMode];
    return `fn ${name}(i: i32) -> i32 { return ${mapped}; }`;
  }).join("\n");
}
