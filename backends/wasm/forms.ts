/**
 * The forms in which kernels run: as WebAssembly, or as machine code that is made of the same
 * WebAssembly (`native/`). A form decides how fast a program is and no bit of its results.
 */
import { RunError } from "../../errors.ts";
import type { Target } from "../../assembler/mod.ts";
import { type CpuFeatures, cpuFeatures } from "./features.ts";

/** Names of the forms: WebAssembly, native code with AVX2, native code with AVX-512. */
export const FORM_NAMES = ["wasm", "avx2", "avx512"] as const;

/** One of {@link FORM_NAMES}. */
export type FormName = typeof FORM_NAMES[number];

/** What a person is told of a form, and the vectors in a wide value that it runs fastest. */
const FORMS: Readonly<Record<FormName, { readonly title: string; readonly wide: Target["wide"] }>> =
  {
    wasm: { title: "WebAssembly SIMD", wide: 1 },
    avx2: { title: "native AVX2", wide: 2 },
    avx512: { title: "native AVX-512", wide: 4 },
  };

/** A form, and what kernels are written for. */
export interface Form {
  readonly name: FormName;
  readonly target: Target;
}

/**
 * The form in which to run programs.
 *
 * @param name Default: the fastest that this process has.
 * @param target Parts of the target to be taken as given, for tests and measurements.
 * @throws {RunError} if this process lacks the form.
 */
export function selectForm(
  name?: FormName,
  target: Partial<Target> = {},
  { native, relaxedSimd }: CpuFeatures = cpuFeatures(),
): Form {
  const fastest = native.level ?? "wasm";
  const chosen = name ?? fastest;
  if (FORM_NAMES.indexOf(chosen) > FORM_NAMES.indexOf(fastest)) {
    const reason = native.missing ?? "the processor has AVX2 only";
    throw new RunError(`there is no ${FORMS[chosen].title} code here: ${reason}`);
  }
  return { name: chosen, target: { wide: FORMS[chosen].wide, relaxedSimd, ...target } };
}

/** A form in words. */
export function describeForm({ name, target: { wide, relaxedSimd } }: Form): string {
  const fused = relaxedSimd ? ", fused multiply-add" : "";
  return `${FORMS[name].title}, ${128 * wide}-bit vectors${fused}`;
}
