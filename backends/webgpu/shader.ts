/**
 * The complete shader of a dispatch, and its bindings.
 *
 * WebGPU refuses a dispatch that binds one buffer both for reading and for writing, so operands in
 * one buffer share a binding if any of them is written. A binding begins at a multiple of 256
 * bytes, which every adapter accepts, so an operand may begin some elements after it: its base.
 * Bases are stored in a uniform, not in the text, so that layers of equal shapes share a pipeline
 * although their parameters have different addresses.
 */
import { type Dispatch, elementBytes, type ElementType, type MemoryBuffer } from "./kernel.ts";
import { storeName } from "./wgsl.ts";

/** Alignment of bindings in bytes; the largest that any adapter requires. */
export const BINDING_ALIGNMENT = 256;

/** A range of a buffer bound to a shader. */
export interface Binding {
  readonly buffer: MemoryBuffer;
  readonly offset: number;
  readonly bytes: number;
  readonly write: boolean;
}

/** A dispatch ready to become a pipeline and a bind group. */
export interface Shader {
  /** The whole WGSL module; dispatches of equal text share a pipeline. */
  readonly text: string;
  readonly bindings: readonly Binding[];
  /** Contents of the uniform bound after the bindings; empty if the shader needs none. */
  readonly bases: readonly number[];
}

/** Operands in one buffer. */
interface Group {
  readonly buffer: MemoryBuffer;
  readonly type: ElementType;
  readonly names: string[];
  readonly write: boolean;
  start: number;
  end: number;
}

/** Writes the shader of a dispatch. */
export function buildShader(dispatch: Dispatch): Shader {
  const groups = groupOperands(dispatch);
  const bases: number[] = [];
  const functions: string[] = [];
  groups.forEach(({ names, buffer, type, start }, binding) => {
    for (const name of names) {
      const { ref, write } = dispatch.operands[name];
      const base = (ref.offset - start) / elementBytes(type);
      if (!Number.isInteger(base)) {
        throw new Error(`${dispatch.name}: operand ${name} is not aligned to its elements`);
      }
      // Whether a base is zero is part of the text, its value is not.
      const place = base === 0 ? undefined : bases.push(base) - 1;
      const index = place === undefined ? "i" : `bases[${place >> 2}][${place & 3}] + i`;
      functions.push(operandFunction(name, `b${binding}[${index}]`, type, write, buffer.half));
    }
  });
  const declarations = groups.map(({ buffer, type, write }, binding) =>
    `@group(0) @binding(${binding}) var<storage, ${write ? "read_write" : "read"}> ` +
    `b${binding}: array<${buffer.half ? HALF[type].stored : type}>;`
  );
  if (bases.length > 0) {
    const rows = Math.ceil(bases.length / 4);
    declarations.push(
      `@group(0) @binding(${groups.length}) var<uniform> bases: array<vec4<u32>, ${rows}>;`,
    );
  }
  const text = [
    ...(groups.some(({ buffer }) => buffer.half) ? [HALF_GLOBALS] : []),
    ...declarations,
    ...functions,
    ...declareConstants(dispatch),
    dispatch.wgsl.trim(),
    entryPoint(dispatch.items === undefined ? FOR_WORKGROUP : FOR_ITEM),
  ].join("\n");
  return {
    text,
    bindings: groups.map(({ buffer, start, end, write }) => ({
      buffer,
      offset: start,
      bytes: buffer.half ? (end - start) / 2 : end - start,
      write,
    })),
    bases,
  };
}

/** The function that reads or stores an element. */
function operandFunction(
  name: string,
  element: string,
  type: ElementType,
  write = false,
  half = false,
): string {
  return write
    ? `fn ${storeName(name)}(i: u32, value: ${type}) { ` +
      `${element} = ${half ? `${HALF[type].narrow}(value)` : "value"}; }`
    : `fn ${name}(i: u32) -> ${type} { return ${half ? `${type}(${element})` : element}; }`;
}

/** The constants that the shader uses, so that others keep no two from sharing a pipeline. */
function declareConstants(
  { constants = {}, items, workgroupSize, workgroups, wgsl, name }: Dispatch,
): string[] {
  const used = new Set(wgsl.match(/\w+/g));
  const all = {
    THREADS: workgroupSize,
    GROUPS_X: workgroups[0],
    ...(items === undefined ? {} : { ITEMS: items }),
    ...Object.fromEntries(Object.entries(constants).filter(([key]) => used.has(key))),
  };
  return Object.entries(all).map(([key, value]) => {
    if (typeof value === "number" && !Number.isInteger(value)) {
      throw new Error(`${name}: the constant ${key} is ${value}, not an integer`);
    }
    return `const ${key} = ${value};`;
  });
}

const FOR_WORKGROUP = "computeGroup(group, thread);";
const FOR_ITEM = `let i = (group.y * GROUPS_X + group.x) * THREADS + thread;
  if (i < ITEMS) { item(i); }`;

function entryPoint(body: string): string {
  return `
@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  ${body}
}
`;
}

/** How elements are stored with 16 bits per float, and the function that converts them. */
const HALF: Readonly<Record<string, { stored: string; narrow: string }>> = {
  "f32": { stored: "f16", narrow: "narrow" },
  "vec4<f32>": { stored: "vec4<f16>", narrow: "narrow4" },
};

/** WGSL leaves larger numbers undefined in f16: here they become infinite, which is detected. */
const HALF_GLOBALS = ["f32", "vec4<f32>"].reduce(
  (text, type) =>
    `${text}\nfn ${HALF[type].narrow}(x: ${type}) -> ${HALF[type].stored} { ` +
    `return ${HALF[type].stored}(select(x, x * 3.0e38f, abs(x) > ${type}(65504.0f))); }`,
  "enable f16;",
);

/** Operands by buffer; a buffer that is only read may be bound once per type it is read as. */
function groupOperands(dispatch: Dispatch): Group[] {
  const operands = Object.entries(dispatch.operands);
  const written = new Set(operands.flatMap(([, { ref, write }]) => write ? [ref.buffer] : []));
  const groups: Group[] = [];
  for (const [name, { ref: { buffer, offset, bytes }, type }] of operands) {
    const start = Math.floor(offset / BINDING_ALIGNMENT) * BINDING_ALIGNMENT;
    const end = offset + Math.ceil(bytes / elementBytes(type)) * elementBytes(type);
    const write = written.has(buffer);
    const group = groups.find((group) => group.buffer === buffer && (write || group.type === type));
    if (!group) {
      groups.push({ buffer, type, names: [name], start, end, write });
      continue;
    }
    if (group.type !== type) {
      throw new Error(
        `${dispatch.name}: ${group.names[0]} and ${name} are in one buffer as two types`,
      );
    }
    group.names.push(name);
    group.start = Math.min(group.start, start);
    group.end = Math.max(group.end, end);
  }
  return groups;
}
