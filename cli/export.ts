/** `overfold export`: converts a trained network for other programs. */

import { basename, extname } from "@std/path";
import { openBackend } from "../backends/registry.ts";
import { restoreModel } from "../checkpoints/checkpoint.ts";
import { LAYOUTS, stateInLayout } from "../weights/authors_layouts.ts";
import { authorsState } from "../weights/export_authors.ts";
import { foldModel, type FoldVerification } from "../networks/fold.ts";
import type { FoldedNetwork } from "../networks/network.ts";
import { readFoldedNetwork } from "../networks/network_file.ts";
import { encodeOnnx, type OnnxOptions } from "../onnx/export.ts";
import { verifyOnnx } from "../onnx/verify.ts";
import { writeSafetensors } from "../safetensors/file.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { recognizeConvolution } from "../layers/convolutions.ts";
import { formatBytes } from "../reporting/format.ts";
import type { Arguments, Command, Context } from "./command.ts";
import { besideFolded, checkOutput } from "./output.ts";
import { loadFinite } from "./load_finite.ts";
import { describeVerification, verificationImages } from "./verification.ts";

const FORMATS = ["onnx", "authors", ...LAYOUTS] as const;
type Format = typeof FORMATS[number];
const DTYPES = ["f32", "f16"] as const;

/** The authors' layers. */
const CLASSES = {
  authors: "DOConv2d",
  "authors-tensorflow": "DOConv2D (TensorFlow)",
  "authors-gluon": "DOConv2D (Gluon)",
} satisfies Record<Exclude<Format, "onnx">, string>;

export const command: Command = {
  positionals: [{ name: "CHECKPOINT", help: "A checkpoint, or a folded network" }],
  options: {
    format: { value: "FORMAT", help: `${FORMATS.join(", ")}; default onnx` },
    output: {
      value: "FILE",
      help: "The file to write; by default folded/NAME.onnx in the run's folder",
    },
    "include-preprocessing": {
      help: "ONNX: take u8 pixels [N, H, W, C] and return probabilities",
    },
    dtype: {
      value: "TYPE",
      former: "precision",
      help: "ONNX: f32 (default) or f16, half the size",
    },
    "no-verify": { help: "ONNX: do not run the file in ONNX Runtime" },
  },
  details:
    "onnx: the folded network with batch norms folded too, for batches of any size. The file is executed\n" +
    "in ONNX Runtime, which is downloaded from npm once, and compared with the network itself.\n" +
    "authors: the unfolded weights as the DO-Conv authors' PyTorch layer saves them (W, D, d_diag).\n" +
    "authors-tensorflow, authors-gluon: the same for the authors' layers in these libraries (kernel or\n" +
    "weight, D), also as safetensors; other layers are named and laid out as in Keras or Gluon.\n" +
    "For plain PyTorch models use `overfold fold`: its tensors load with strict=True.",
  async run(args, context) {
    const [path] = args.positionals;
    const format = args.choice("format", FORMATS) ?? "onnx";
    const ending = format === "onnx" ? "onnx" : `${format}.safetensors`;
    const name = `${basename(path, extname(path))}.${ending}`;
    const output = args.text("output") ?? besideFolded(path, name);
    await checkOutput(output, [path], extname(name));
    if (format === "onnx") await exportOnnx(path, output, args, context);
    else await exportAuthors(path, output, format, args, context);
  },
};

async function exportAuthors(
  path: string,
  output: string,
  format: Exclude<Format, "onnx">,
  args: Arguments,
  context: Context,
): Promise<void> {
  const { checkpoint } = await loadFinite(path);
  if (!checkpoint) {
    throw new InputError(`${path}: a folded network no longer has D; export the checkpoint`);
  }
  const onnxOption = ["include-preprocessing", "dtype", "no-verify"]
    .find((name) => args.flag(name) || args.text(name) !== undefined);
  if (onnxOption) throw new InputError(`--${onnxOption} is for --format onnx`);
  const model = restoreModel(checkpoint);
  if (recognizeConvolution([...model.namedParameters().keys()]) === "conv") {
    throw new InputError(
      `${path}: --format ${format} is for DO-Conv kernels, which this network does not have; for ` +
        "PyTorch use overfold fold, for others overfold export --format onnx",
    );
  }
  const tensors = format === "authors" ? authorsState(model) : stateInLayout(model, format);
  await writeSafetensors(output, tensors, format === "authors" ? { format: "pt" } : {});
  context.print(`exported: ${output}, ${tensors.size} tensors for the authors' ${CLASSES[format]}`);
  context.emit({ format, output, tensors: tensors.size });
}

async function exportOnnx(
  path: string,
  output: string,
  args: Arguments,
  context: Context,
): Promise<void> {
  const network = await loadFinite(path);
  const { checkpoint, description } = network;
  const options: OnnxOptions = {
    includePreprocessing: args.flag("include-preprocessing"),
    dtype: args.choice("dtype", DTYPES),
  };
  const folded: FoldedNetwork = checkpoint
    ? foldModel(restoreModel(checkpoint), description)
    : await readFoldedNetwork(path);
  const file = await encodeOnnx(folded, options);
  let verification: FoldVerification | undefined;
  let comparison = "not verified";
  if (!args.flag("no-verify")) {
    const run = { config: checkpoint?.config, description };
    const { pixels, kind } = await verificationImages(path, run, context);
    verification = await verifyOnnx(file, network, await openBackend(), pixels, options);
    const result = options.includePreprocessing ? "probability" : "logit";
    comparison = `in ONNX Runtime, ${describeVerification(verification, kind, result)}`;
  }
  await writeFileAtomic(output, file);
  context.print(`exported: ${output}, ${formatBytes(file.length)}\n${comparison}`);
  context.emit({
    format: "onnx",
    output,
    bytes: file.length,
    maxAbsDifference: verification?.maxAbsDifference ?? null,
    maxRelativeDifference: verification?.maxRelativeDifference ?? null,
    ...(description.activation === "sigmoid"
      ? { decisionAgreement: verification?.decisionAgreement ?? null }
      : { top1Agreement: verification?.top1Agreement ?? null }),
  });
}
