/** The CPU backend in every form of its code at once, which must all give the same bits. */
import type { Backend, Executable } from "../../backends/backend.ts";
import type { Target } from "../../assembler/mod.ts";
import { type FormName, selectForm } from "../../backends/wasm/forms.ts";
import { cpuBackend, type CpuBackendOptions } from "../../backends/wasm/mod.ts";
import { nativeLevels } from "./native.ts";

/** A form of code, and the vectors of a wide value in it. */
export interface CpuForm {
  readonly form: FormName;
  readonly wide: Target["wide"];
}

const wasm = ([1, 2, 4] as const).map((wide): CpuForm => ({ form: "wasm", wide }));
const native = nativeLevels().map((form): CpuForm => ({
  form,
  wide: selectForm(form).target.wide,
}));

/** WebAssembly of each width, and the native code that this process can run. */
export const EVERY_CPU_FORM: readonly CpuForm[] = [...wasm, ...native];

/** One form per width: native code if this process can run it, otherwise WebAssembly. */
export const CPU_FORMS: readonly CpuForm[] = wasm.map((form) =>
  native.find(({ wide }) => wide === form.wide) ?? form
);

/** A CPU backend that runs everything in each form, and throws if the bits differ. */
export function cpuInEveryForm(options: CpuBackendOptions): Backend {
  const backends = CPU_FORMS.map(({ form, wide }) =>
    cpuBackend({ ...options, form, target: { ...options.target, wide } })
  );
  return {
    ...backends[0],
    async compile(programs) {
      return inStep(await Promise.all(backends.map((backend) => backend.compile(programs))));
    },
  };
}

/**
 * The CPU backend as users get it, on two threads. Beside it every form runs on one thread, and an
 * error is thrown if the bits differ: small tests spend most of their time starting threads.
 */
export function cpuBesideEveryForm(): Backend {
  const backends = [cpuBackend({ threads: 2 }), cpuInEveryForm({ threads: 1 })];
  return {
    ...backends[0],
    async compile(programs) {
      const compiled = await Promise.all(backends.map((backend) => backend.compile(programs)));
      // The last bits of sums depend on the number of threads.
      return inStep(compiled, () => {});
    },
  };
}

/** Executables of the same programs, which must agree. */
function inStep(executables: readonly Executable[], assertAgree = assertSameBits): Executable {
  const [first] = executables;
  return {
    async run(program, inputs) {
      const all = await Promise.all(executables.map((each) => each.run(program, inputs)));
      for (const name of Object.keys(all[0])) {
        assertAgree(all.map((outputs) => outputs[name]), `output ${name} of ${program}`);
      }
      return all[0];
    },
    async read(variable, into) {
      const reading = executables.map((each, i) => each.read(variable, i === 0 ? into : undefined));
      const all = await Promise.all(reading);
      assertAgree(all, `variable ${variable}`);
      return all[0];
    },
    write: (...change) => executables.forEach((each) => each.write(...change)),
    profile: (...what) => first.profile(...what),
    dispose: () => executables.forEach((each) => each.dispose()),
  };
}

/** Throws an Error unless all arrays, one per form, hold the same numbers. */
export function assertSameBits(
  all: readonly ArrayLike<number>[],
  name: string,
  forms = CPU_FORMS,
): void {
  const [expected, ...others] = all;
  others.forEach((found, i) => {
    for (let k = 0; k < expected.length; k++) {
      if (Object.is(found[k], expected[k])) continue;
      const { form, wide } = forms[i + 1];
      throw new Error(
        `${name}, element ${k}: ${found[k]} in ${form} of ${128 * wide} bits, ${expected[k]} in ` +
          "WebAssembly of 128",
      );
    }
  });
}
