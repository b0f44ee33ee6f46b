/** The module that decodes JPEG files, with its memory. */
import { ModuleBuilder } from "../../../assembler/mod.ts";
import { addPaint, addWiden } from "./colours.ts";
import { addDecode, addUnstuff } from "./entropy.ts";
import { addTransform } from "./inverse_dct.ts";
import { AT, orderBytes } from "./layout.ts";

/** Bytes of a page of memory. */
const PAGE = 1 << 16;

/** What the module exports. */
export interface JpegFunctions {
  unstuff(from: number, at: number, written: number): number;
  decode(
    units: number,
    perRow: number,
    column: number,
    blocksEnd: number,
    at: number,
    low: number,
  ): number;
  widen(near: number, far: number, to: number, count: number, even: number, odd: number): void;
  paint(luma: number, blue: number, red: number, to: number, count: number): void;
}

let module: Promise<WebAssembly.Module> | undefined;

/** Code with a memory of its own, which grows and is never given back. */
export class JpegMachine {
  private constructor(
    private readonly memory: WebAssembly.Memory,
    readonly functions: JpegFunctions,
  ) {
    this.bytes().set(orderBytes(), AT.order);
  }

  static async start(): Promise<JpegMachine> {
    module ??= WebAssembly.compile(moduleBytes());
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 << 16 });
    const { exports } = await WebAssembly.instantiate(await module, { env: { memory } });
    return new JpegMachine(memory, exports as unknown as JpegFunctions);
  }

  /** The memory, so large at least. Throws RangeError where there is no more. */
  bytes(length = 0): Uint8Array<ArrayBuffer> {
    const missing = length - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    return new Uint8Array(this.memory.buffer as ArrayBuffer);
  }
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const builder = new ModuleBuilder({ shared: false });
  addUnstuff(builder);
  addDecode(builder, addTransform(builder));
  addWiden(builder);
  addPaint(builder);
  return builder.build();
}
