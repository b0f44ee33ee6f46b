/**
 * The forms in which kernels run: as WebAssembly, or as machine code translated from the same
 * WebAssembly (`native/`). The form decides how fast a program is; results are bit-identical in all
 * forms.
 */
import { RunError } from "../../errors.ts";
import type { Target } from "../../assembler/mod.ts";
import { type CpuFeatures, cpuFeatures } from "./features.ts";

/** Names of the forms: WebAssembly, native code with AVX2, native code with AVX-512. */
export const FORM_NAMES = ["wasm", "avx2", "avx512"] as const;

/** One of {@link FORM_NAMES}. */
export type FormName = typeof FORM_NAMES[number];

/** The title of a form, and the vectors in a wide value that it runs fastest. */
const FORMS: Readonly<Record<FormName, { readonly title: string; readonly wide: Target["wide"] }>> =
  {
    wasm: { title: "WebAssembly SIMD", wide: 1 },
    avx2: { title: "native AVX2", wide: 2 },
    avx512: { title: "native AVX-512", wide: 4 },
  };

/** A form, and the target that kernels are emitted for. */
export interface Form {
  readonly name: FormName;
  readonly target: Target;
}

/**
 * The form in which to run programs.
 *
 * @param name Default: the fastest that this process supports.
 * @param target Parts of the target that override what was detected, for tests and measurements.
 * @throws {RunError} if this process does not support the form.
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
    throw new RunError(`${FORMS[chosen].title} code is unavailable here: ${reason}`);
  }
  return { name: chosen, target: { wide: FORMS[chosen].wide, relaxedSimd, ...target } };
}

/** A form in words. */
export function describeForm({ name, target: { wide, relaxedSimd } }: Form): string {
  const fused = relaxedSimd ? ", fused multiply-add" : "";
  return `${FORMS[name].title}, ${128 * wide}-bit vectors${fused}`;
}
