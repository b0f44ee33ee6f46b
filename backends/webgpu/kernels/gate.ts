/** `gate`: each channel of each image times a number; one invocation per vector of a pixel. */
import { allIn, type KernelFamily } from "../kernel.ts";

/** `gate`. */
export const gate: KernelFamily = {
  ops: ["gate"],
  orders: allIn("channelsLast"),
  lower({ inputs: [input, gates], outputs: [output] }, lowering) {
    const { batch, paddedChannels, pixels } = lowering.layout(output);
    const vectors = paddedChannels / 4;
    lowering.eachItem({
      name: "gate",
      reads: { "vec4<f32>": { input, gates } },
      writes: { "vec4<f32>": { output } },
      items: batch * pixels * vectors,
      constants: { PIXELS: pixels, VECTORS: vectors },
      wgsl: `
fn item(i: u32) {
  storeOutput(i, input(i) * gates(i / (PIXELS * VECTORS) * VECTORS + i % VECTORS));
}`,
    });
  },
};
