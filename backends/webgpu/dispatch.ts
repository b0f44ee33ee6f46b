/** Dispatches: pipelines and bind groups for dispatches. */
import type { Allocation } from "./allocation.ts";
import type { LoweredDispatch, LoweredProgram } from "./lowered_program.ts";
import { type Binding, BINDING_ALIGNMENT, buildShader, type Shader } from "./shader.ts";

/** One dispatch, ready to encode. */
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

/** Pipelines by shader text, and bind group layouts by what is bound. */
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

  /** The pipeline of a shader. Rejects with an Error that holds the text where it does not compile. */
  pipeline(shader: Shader, label: string): Promise<GPUComputePipeline> {
    const known = this.#pipelines.get(shader.text);
    if (known) return known;
    const made = this.#compile(shader, label);
    this.#pipelines.set(shader.text, made);
    return made;
  }

  async #compile(shader: Shader, label: string): Promise<GPUComputePipeline> {
    // A text that does not compile is a defect of a kernel, not a failure of the device.
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

/** Makes a program's dispatches over allocated memory. */
export async function makeDispatches(
  lowered: LoweredProgram,
  allocation: Allocation,
  cache: PipelineCache,
  device: GPUDevice,
): Promise<ReadyDispatch[]> {
  const shaders = lowered.dispatches.map((dispatch) => buildShader(dispatch));
  const uniform = makeBases(shaders, allocation);
  const dispatches: ReadyDispatch[] = [];
  for (const [i, dispatch] of lowered.dispatches.entries()) {
    const shader = shaders[i];
    const pipeline = await cache.pipeline(shader, dispatch.name);
    const entries = shader.bindings.map((binding) => resource(binding, allocation));
    const bases = uniform(i);
    if (bases) entries.push(bases);
    const group = device.createBindGroup({
      layout: cache.layout(shader),
      entries: entries.map((resource, binding) => ({ binding, resource })),
    });
    dispatches.push({ dispatch, pipeline, group });
  }
  return dispatches;
}

function resource({ buffer, offset, bytes }: Binding, allocation: Allocation): GPUBufferBinding {
  return { buffer: allocation.buffer(buffer), offset, size: Math.ceil(bytes / 4) * 4 };
}

/** Uploads the bases of all shaders as one buffer; gives each shader's stretch of it. */
function makeBases(
  shaders: readonly Shader[],
  allocation: Allocation,
): (shader: number) => GPUBufferBinding | undefined {
  const stretches = new Map<number, { offset: number; size: number }>();
  let end = 0;
  shaders.forEach(({ bases }, i) => {
    if (bases.length === 0) return;
    const size = 16 * Math.ceil(bases.length / 4);
    stretches.set(i, { offset: end, size });
    end += Math.ceil(size / BINDING_ALIGNMENT) * BINDING_ALIGNMENT;
  });
  if (end === 0) return () => undefined;
  const data = new Uint32Array(end / 4);
  stretches.forEach(({ offset }, i) => data.set(shaders[i].bases, offset / 4));
  const buffer = allocation.uniform(data);
  return (shader) => {
    const stretch = stretches.get(shader);
    return stretch && { buffer, ...stretch };
  };
}
