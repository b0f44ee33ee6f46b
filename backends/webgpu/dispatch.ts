/** Pipelines and bind groups of dispatches. */
import type { Allocation } from "./allocation.ts";
import type { LoweredDispatch, LoweredProgram } from "./lowered_program.ts";
import { type Binding, BINDING_ALIGNMENT, buildShader, type Shader } from "./shader.ts";

/** A dispatch that is ready to encode. */
export interface ReadyDispatch {
  readonly dispatch: LoweredDispatch;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
}

/** Encodes dispatches in order. */
export function encodeDispatches(
  pass: GPUComputePassEncoder,
  dispatches: readonly ReadyDispatch[],
): void {
  for (const { pipeline, group, dispatch } of dispatches) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...dispatch.workgroups);
  }
}

/** Pipelines by shader text, and bind group layouts by kinds of bindings. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** The layout of a shader's bindings. */
  layout({ bindings, bases }: Shader): GPUBindGroupLayout {
    const key = bindings.map(({ write }) => write ? "w" : "r").join("") + (bases.length ? "u" : "");
    const known = this.#layouts.get(key);
    if (known) return known;
    const types: GPUBufferBindingType[] = bindings.map(({ write }) =>
      write ? "storage" : "read-only-storage"
    );
    if (bases.length > 0) types.push("uniform");
    const layout = this.#device.createBindGroupLayout({
      entries: types.map((type, binding) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type },
      })),
    });
    this.#layouts.set(key, layout);
    return layout;
  }

  /** The pipeline of a shader. Rejects with an Error that shows the text if it does not compile. */
  pipeline(shader: Shader, label: string): Promise<GPUComputePipeline> {
    const pipeline = this.#pipelines.get(shader.text) ?? this.#compile(shader, label);
    this.#pipelines.set(shader.text, pipeline);
    return pipeline;
  }

  async #compile(shader: Shader, label: string): Promise<GPUComputePipeline> {
    // A text that does not compile is a bug in a kernel, not a failure of the device.
    this.#device.pushErrorScope("validation");
    const module = this.#device.createShaderModule({ label, code: shader.text });
    const invalid = await this.#device.popErrorScope();
    if (invalid) throw new Error(`${invalid.message}\n${shader.text}`);
    return await this.#device.createComputePipelineAsync({
      label,
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [this.layout(shader)] }),
      compute: { module, entryPoint: "main" },
    });
  }
}

/** Prepares a program's dispatches over allocated memory. */
export async function makeDispatches(
  lowered: LoweredProgram,
  allocation: Allocation,
  cache: PipelineCache,
  device: GPUDevice,
): Promise<ReadyDispatch[]> {
  const shaders = lowered.dispatches.map(buildShader);
  const bases = uploadBases(shaders, allocation);
  const ready: ReadyDispatch[] = [];
  for (const [i, dispatch] of lowered.dispatches.entries()) {
    const shader = shaders[i];
    const pipeline = await cache.pipeline(shader, dispatch.name);
    const resources = [
      ...shader.bindings.map((binding) => resource(binding, allocation)),
      ...bases[i],
    ];
    const group = device.createBindGroup({
      layout: cache.layout(shader),
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
    ready.push({ dispatch, pipeline, group });
  }
  return ready;
}

function resource({ buffer, offset, bytes }: Binding, allocation: Allocation): GPUBufferBinding {
  return { buffer: allocation.buffer(buffer), offset, size: Math.ceil(bytes / 4) * 4 };
}

/** Uploads the bases of all shaders as one buffer; each shader that has bases gets a binding. */
function uploadBases(shaders: readonly Shader[], allocation: Allocation): GPUBufferBinding[][] {
  const words: number[] = [];
  const offsets = shaders.map(({ bases }) => {
    const offset = 4 * words.length;
    words.push(...bases);
    while (words.length % (BINDING_ALIGNMENT / 4) !== 0) words.push(0);
    return offset;
  });
  if (words.length === 0) return shaders.map(() => []);
  const buffer = allocation.uniform(Uint32Array.from(words));
  return shaders.map(({ bases: { length } }, i) =>
    length === 0 ? [] : [{ buffer, offset: offsets[i], size: 16 * Math.ceil(length / 4) }]
  );
}
