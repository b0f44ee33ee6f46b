/** Verifies that an ONNX file computes what the network does: ONNX Runtime runs it on the same images. */
import type { Backend } from "../backends/backend.ts";
import type { LoadedNetwork } from "../checkpoints/load.ts";
import { messageOf, RunError } from "../errors.ts";
import { importLibrary } from "../files/library.ts";
import {
  type Activation,
  DEFAULT_THRESHOLD,
  logitOf,
  probabilitiesOf,
} from "../networks/activation.ts";
import {
  compareLogits,
  FOLD_TOLERANCE,
  type FoldVerification,
  logitsOf,
} from "../networks/fold.ts";
import type { NetworkDescription } from "../networks/network.ts";
import { calibratedProgram } from "../networks/temperature.ts";
import { preprocessOp } from "../ops/preprocess.ts";
import { dtypeOf, type OnnxOptions } from "./export.ts";

/** ONNX Runtime compiled to WebAssembly, which behaves the same everywhere. */
const RUNTIME = "npm:onnxruntime-web@1.30.0";

/** The largest relative difference allowed for an f16 file, which rounds to 11 bits after every layer. */
const HALF_TOLERANCE = 2e-2;

/** The network that {@link verifyOnnx} compares with. */
export type ComparedNetwork = Pick<LoadedNetwork, "description" | "program">;

/**
 * Runs a network's ONNX file in ONNX Runtime and compares the result with the network's own output.
 * ONNX Runtime is downloaded from npm when it is first needed.
 *
 * @param options those the file was encoded with
 * @param pixels u8 [count, H, W, C] of the network's input size
 * @throws RunError if ONNX Runtime is unavailable, refuses the file or gives different results
 */
export async function verifyOnnx(
  file: Uint8Array,
  network: ComparedNetwork,
  backend: Backend,
  pixels: Uint8Array,
  options: OnnxOptions = {},
): Promise<FoldVerification> {
  const { description } = network;
  const { includePreprocessing = false } = options;
  const dtype = dtypeOf(options);
  const { height, width, channels } = description.input;
  const count = pixels.length / (height * width * channels);
  const batchSize = Math.min(count, 64);
  const found = await runFile(file, description, pixels, batchSize, includePreprocessing);
  const inference = network.program(batchSize);
  const logits = await logitsOf(
    backend,
    includePreprocessing ? calibratedProgram(inference, description) : inference,
    pixels,
  );
  const { activation, threshold = DEFAULT_THRESHOLD } = description;
  const expected = includePreprocessing
    ? probabilityRows(logits, logits.length / count, activation)
    : logits;
  const verification = compareLogits(expected, found, count, {
    ...(activation === "sigmoid"
      ? { threshold: includePreprocessing ? threshold : logitOf(threshold) }
      : {}),
  });
  const tolerance = dtype === "f32" ? FOLD_TOLERANCE : HALF_TOLERANCE;
  if (!(verification.maxRelativeDifference <= tolerance)) {
    throw new RunError(
      `in ONNX Runtime the exported network differs by ` +
        `${
          verification.maxRelativeDifference.toExponential(1)
        } relative, more than ${tolerance}; ` +
        "nothing was written" + (dtype === "f16" ? ". Export it with f32 instead" : ""),
    );
  }
  return verification;
}

/** The part of ONNX Runtime's API used here. */
interface OnnxRuntime {
  readonly env: { logLevel: string; readonly wasm: { numThreads: number } };
  readonly Tensor: new (
    type: string,
    data: Uint8Array | Float32Array,
    dims: readonly number[],
  ) => unknown;
  readonly InferenceSession: {
    create(file: Uint8Array, options: unknown): Promise<InferenceSession>;
  };
}

interface InferenceSession {
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, unknown>>): Promise<
    Readonly<Record<string, { readonly data: Float32Array }>>
  >;
  release(): Promise<void>;
}

/** Loads ONNX Runtime. Throws RunError if it is unavailable. */
export async function loadRuntime(): Promise<OnnxRuntime> {
  const runtime = await importLibrary<OnnxRuntime>(
    RUNTIME,
    "or skip the verification (--no-verify)",
  );
  runtime.env.logLevel = "error";
  runtime.env.wasm.numThreads = 1;
  return runtime;
}

/** The file's output for all images, batch by batch; the last batch may be smaller. */
async function runFile(
  file: Uint8Array,
  { input: { height, width, channels }, normalization }: NetworkDescription,
  pixels: Uint8Array,
  batchSize: number,
  includePreprocessing: boolean,
): Promise<Float32Array> {
  const { InferenceSession, Tensor } = await loadRuntime();
  const size = height * width * channels;
  try {
    const session = await InferenceSession.create(file, { executionProviders: ["wasm"] });
    const rows: Float32Array[] = [];
    for (let start = 0; start < pixels.length; start += batchSize * size) {
      const batch = pixels.slice(start, start + batchSize * size);
      const count = batch.length / size;
      const stored = [count, height, width, channels];
      const planes = [count, channels, height, width];
      const feeds = includePreprocessing ? { pixels: new Tensor("uint8", batch, stored) } : {
        input: new Tensor("float32", normalize(batch, stored, normalization), planes),
      };
      const results = await session.run(feeds);
      rows.push(results[session.outputNames[0]].data);
    }
    await session.release();
    return Float32Array.from(rows.flatMap((row) => [...row]));
  } catch (error) {
    throw new RunError(`ONNX Runtime refuses the exported network: ${messageOf(error)}`);
  }
}

/** [N, H, W, C] pixels as [N, C, H, W] numbers (p / 255 − mean) / std. */
function normalize(
  pixels: Uint8Array,
  [batch, height, width, channels]: readonly number[],
  { mean, std }: NetworkDescription["normalization"],
): Float32Array {
  const [numbers] = preprocessOp.evaluate(
    [{ data: Float64Array.from(pixels), shape: [batch, height, width, channels] }],
    { padding: 0, mean, std },
    [{ shape: [batch, channels, height, width], dtype: "f32" }],
  );
  return Float32Array.from(numbers);
}

function probabilityRows(
  logits: Float32Array,
  classes: number,
  activation: Activation | undefined,
): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let at = 0; at < logits.length; at += classes) {
    probabilities.set(probabilitiesOf(logits.subarray(at, at + classes), activation), at);
  }
  return probabilities;
}
