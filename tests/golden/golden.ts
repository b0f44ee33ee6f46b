/**
 * Digests of all code that the backends emit for the subjects. Nothing depends on the machine:
 * every form of code is specified, not probed, and nothing runs.
 */
import { assignAddresses } from "../../backends/wasm/addresses.ts";
import { emitModule } from "../../backends/wasm/emit.ts";
import type { CompileOptions } from "../../backends/wasm/kernel.ts";
import { lowerPrograms } from "../../backends/wasm/lower.ts";
import {
  type LoweringOptions,
  lowerProgram,
  variableBuffers,
} from "../../backends/webgpu/lower.ts";
import { buildShader } from "../../backends/webgpu/shader.ts";
import { NO_TUNING, type Tuning } from "../../backends/webgpu/tuning.ts";
import type { Program } from "../../graph/types.ts";
import { tunings } from "../support/tunings.ts";
import { Digest } from "./digest.ts";
import { KernelCode } from "./kernel_code.ts";
import type { Subject } from "./subjects.ts";

/**
 * The record: for each subject and form of code the digest of everything emitted, then a short one
 * of each kernel, to tell which kernels differ.
 */
export type Golden = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Cores: enough for the usual forms, too few for one of the others. */
const CORES = 2;

/** Forms of the CPU's code. */
const CPU_FORMS: Readonly<Record<string, CompileOptions>> = {
  "cpu 128 bits, 1 thread": {
    target: { wide: 1, relaxedSimd: true },
    threads: 1,
    precision: "fast",
    partition: "static",
  },
  "cpu 256 bits, 2 threads": {
    target: { wide: 2, relaxedSimd: true },
    threads: 2,
    precision: "fast",
    partition: "static",
  },
  "cpu 512 bits, 1 thread": {
    target: { wide: 4, relaxedSimd: true },
    threads: 1,
    precision: "fast",
    partition: "static",
  },
};

/** Together with these, every choice occurs in a form. */
const MORE_CPU_FORMS: typeof CPU_FORMS = {
  "cpu 256 bits, 2 threads, high precision": {
    target: { wide: 2, relaxedSimd: true },
    threads: 2,
    precision: "high",
    partition: "static",
  },
  "cpu 128 bits, 3 threads, dynamic, no relaxed SIMD": {
    target: { wide: 1, relaxedSimd: false },
    threads: 3,
    precision: "fast",
    partition: "dynamic",
  },
};

/** Forms of WebGPU's code. */
const WEBGPU_FORMS: Readonly<Record<string, LoweringOptions>> = {
  "webgpu full": {},
  "webgpu mixed": { halfActivations: true, maxStorageBuffers: 10 },
};

/** See {@link MORE_CPU_FORMS}. */
const MORE_WEBGPU_FORMS: typeof WEBGPU_FORMS = {
  "webgpu full, software adapter": { software: true, maxStorageBuffers: 8 },
};

/** The code of a subject in one form. */
class Emission {
  readonly #all = new Digest();
  /** By digest, a readable description of the kernel's first use. */
  readonly #kernels = new Map<string, string>();

  /** Adds what is not a kernel. */
  add(data: string | Uint8Array): void {
    this.#all.add(data);
  }

  /** Adds a kernel by its digest, of which the record has 16 bits. */
  addKernel(digest: string, label: string): void {
    const short = digest.slice(0, 4);
    if (!this.#kernels.has(short)) this.#kernels.set(short, label);
  }

  /** The line in the record. */
  toString(): string {
    return [this.#all, ...this.#kernels.keys()].join(" ");
  }

  /** How it differs from the line in the record. */
  differences(line = ""): string[] {
    if (line === this.toString()) return [];
    const known = new Set(line.split(" ").slice(1));
    const labels = [...this.#kernels].filter(([digest]) => !known.has(digest))
      .map(([, label]) => label);
    const gone = known.difference(this.#kernels).size;
    return [
      ...labels,
      ...(gone > 0 ? [`${gone} kernels on record are not emitted`] : []),
      ...(labels.length + gone === 0
        ? ["the kernels are those on record, but not where they are called or operands lie"]
        : []),
    ];
  }
}

/** The code of a subject by its form. */
export type Emissions = ReadonlyMap<string, Emission>;

/** Emits code; of one emitter all CPU kernels of one key and form must have equal code. */
export class Emitter {
  readonly #code = new Map<string, KernelCode>();

  /** The code of a subject. Throws where two kernels of one key have different code. */
  async emit(subject: Subject): Promise<Emissions> {
    const emissions = new Map<string, Emission>();
    const emission = (part: string, form: string): Emission => {
      const name = part === "" ? form : `${part}, ${form}`;
      const found = emissions.get(name) ?? new Emission();
      emissions.set(name, found);
      return found;
    };
    const { everyForm } = subject;
    const cpuForms = { ...CPU_FORMS, ...(everyForm ? MORE_CPU_FORMS : {}) };
    const webgpuForms = { ...WEBGPU_FORMS, ...(everyForm ? MORE_WEBGPU_FORMS : {}) };
    for (const { part = "", programs, mixed } of await subject.compilations()) {
      for (const [form, options] of Object.entries(mixed === true ? {} : cpuForms)) {
        this.#emitModule(programs, form, options, emission(part, form));
      }
      for (const [form, options] of Object.entries(webgpuForms)) {
        if (mixed !== undefined && mixed !== Boolean(options.halfActivations)) continue;
        emitShaders(programs, NO_TUNING, options, emission(part, form));
      }
      if (!everyForm || mixed === true) continue;
      for (const tuning of programs.flatMap(tunings)) {
        emitShaders(programs, tuning, {}, emission(part, "webgpu full, all variants"));
      }
    }
    return emissions;
  }

  #emitModule(
    programs: readonly Program[],
    form: string,
    options: CompileOptions,
    emission: Emission,
  ): void {
    const code = this.#code.get(form) ?? new KernelCode();
    this.#code.set(form, code);
    const lowered = lowerPrograms(programs, options);
    for (const { preparation, main } of lowered.programs) {
      for (const { kernel, op, label } of [...preparation.launches, ...main.launches]) {
        emission.addKernel(code.add(kernel), `${op} ${label}: kernel ${kernel.key}`);
      }
    }
    emission.add(emitModule(lowered, assignAddresses(lowered), { ...options, cores: CORES }));
  }
}

/** Texts of shaders, their arguments and the order in which they run. */
function emitShaders(
  programs: readonly Program[],
  tuning: Tuning,
  options: LoweringOptions,
  emission: Emission,
): void {
  const variables = variableBuffers(programs);
  for (const program of programs) {
    for (const dispatch of lowerProgram(program, variables, tuning, options).dispatches) {
      const { text, bindings, bases } = buildShader(dispatch);
      const places = bindings.map(({ offset, bytes, write }) => [offset, bytes, write]);
      emission.add(JSON.stringify([text, dispatch.workgroups, places, bases]));
      emission.addKernel(`${new Digest().add(text)}`, `${dispatch.label}: shader ${dispatch.name}`);
    }
  }
}

/** The record's file. */
export const GOLDEN_FILE = new URL("hashes.json", import.meta.url);
