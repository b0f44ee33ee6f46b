/** The CPU backend in every width of its code at once, which must give the same bits. */
import type { Backend, Executable } from "../../backends/backend.ts";
import type { Target } from "../../backends/wasm/assembler/mod.ts";
import { cpuBackend, type CpuBackendOptions } from "../../backends/wasm/mod.ts";

/** Vectors of a wide value in each form of code. */
export const WIDTHS: readonly Target["wide"][] = [1, 2, 4];

/** A CPU backend that runs everything in each width, and throws where one gives other bits. */
export function cpuInEveryWidth(options: CpuBackendOptions): Backend {
  const backends = WIDTHS.map((wide) =>
    cpuBackend({ ...options, target: { ...options.target, wide } })
  );
  return {
    ...backends[0],
    async compile(programs) {
      return inStep(await Promise.all(backends.map((backend) => backend.compile(programs))));
    },
  };
}

/** Executables of the same programs that do the same, and must give the same. */
function inStep(executables: readonly Executable[]): Executable {
  const [first] = executables;
  return {
    async run(program, inputs) {
      const all = await Promise.all(executables.map((each) => each.run(program, inputs)));
      for (const name of Object.keys(all[0])) {
        assertSameBits(all.map((outputs) => outputs[name]), `output ${name} of ${program}`);
      }
      return all[0];
    },
    async read(variable) {
      const all = await Promise.all(executables.map((each) => each.read(variable)));
      assertSameBits(all, `variable ${variable}`);
      return all[0];
    },
    write: (...change) => executables.forEach((each) => each.write(...change)),
    profile: (...what) => first.profile(...what),
    dispose: () => executables.forEach((each) => each.dispose()),
  };
}

/** Throws an Error unless all arrays, of {@link WIDTHS}, hold the same numbers. */
export function assertSameBits(all: readonly ArrayLike<number>[], name: string): void {
  const [expected, ...others] = all;
  others.forEach((found, i) => {
    for (let k = 0; k < expected.length; k++) {
      if (Object.is(found[k], expected[k])) continue;
      throw new Error(
        `${name}, element ${k}: ${found[k]} in vectors of ${128 * WIDTHS[i + 1]} bits, ` +
          `${expected[k]} in vectors of 128`,
      );
    }
  });
}
