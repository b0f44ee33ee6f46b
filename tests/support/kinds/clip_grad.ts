/** `clip_grad_norm` and `clip_grad_value`: gradient clipping over several tensors together. */
import { z } from "zod";
import type { Backend } from "../../../backends/backend.ts";
import { pack } from "../../../ops/pack.ts";
import { reshape } from "../../../ops/reshape.ts";
import { slice } from "../../../ops/slice.ts";
import { sizeOf } from "../../../graph/types.ts";
import { type Clip, clipGradient, squaredNorm } from "../../../training/clip.ts";
import type { Fixture } from "../fixture.ts";
import { compute, type InputTensor } from "../run.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const normSchema = z.object({ max_norm: z.number(), norm_type: z.coerce.string() });
const valueSchema = z.object({ clip_value: z.number() });
const GRADIENT = "grad_";
const SQUARED_NORM = "squared_norm";

/** Packs all `grad_*`, clips them as the training step does and compares all `clipped_*`. */
async function check(
  fixture: Fixture,
  backend: Backend,
  options: Clip,
): Promise<void> {
  const names = fixture.names.filter((name) => name.startsWith(GRADIENT));
  const inputs: Record<string, InputTensor> = Object.fromEntries(
    names.map((name) => [name, fixture.input(name)]),
  );
  const sizes = names.map((name) => sizeOf(inputs[name].shape));
  const offsets = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const outputs = await compute(backend, inputs, (values) => {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const gradient = pack(names.map((name) => values[name]), offsets, total);
    const clipped = clipGradient(gradient, options);
    const pieces = names.map((name, i) => [
      name.replace(GRADIENT, "clipped_"),
      reshape(slice(clipped, offsets[i], sizes[i]), inputs[name].shape),
    ]);
    const norm = "norm" in options
      ? { [SQUARED_NORM]: squaredNorm(gradient, options.normType) }
      : {};
    return { ...Object.fromEntries(pieces), ...norm };
  });
  for (const [name, data] of Object.entries(outputs)) {
    if (name === SQUARED_NORM) fixture.compare("total_norm", data.map(Math.sqrt));
    else fixture.compare(name, data);
  }
}

export const clipGradNorm: Kind = {
  tolerance: LAYER_TOLERANCE,
  check(fixture, backend) {
    const { max_norm, norm_type } = fixture.config(normSchema);
    const normType = norm_type === "inf" ? "inf" : z.literal([1, 2]).parse(Number(norm_type));
    return check(fixture, backend, { norm: max_norm, normType });
  },
};

export const clipGradValue: Kind = {
  tolerance: LAYER_TOLERANCE,
  check(fixture, backend) {
    return check(fixture, backend, { value: fixture.config(valueSchema).clip_value });
  },
};
