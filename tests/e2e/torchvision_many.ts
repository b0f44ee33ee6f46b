/**
 * Exchanges random weights of every model that torchvision has too, or of those named, with torchvision,
 * and prints how much the logits differ. Needs a Python with torchvision, which `$PYTHON` may name:
 *
 *     deno task torchvision [MODEL…]
 *
 * The exit code is 1 if logits differ by more than 1e-4 of the largest, 2 without torchvision.
 */
import { formatTable } from "../../reporting/format.ts";
import { exchange, LOGITS_TOLERANCE, sharedModels, torchvisionPython } from "./torchvision.ts";

const python = await torchvisionPython();
if (python === undefined) {
  console.error("found no Python with torchvision; name one in the environment: PYTHON=…");
  Deno.exit(2);
}
const names = Deno.args.length > 0 ? Deno.args : await sharedModels(python);
const rows: string[][] = [];
let worst = 0;
for (const name of names) {
  const { into, back, onnx } = await exchange(python, name);
  worst = Math.max(worst, into, back, onnx);
  rows.push([name, ...[into, back, onnx].map((value) => value.toExponential(1))]);
  console.error(rows.at(-1)!.join("  "));
}
console.log(formatTable([["model", "into torchvision", "back from .pth", "from .onnx"], ...rows]));
Deno.exit(worst <= LOGITS_TOLERANCE ? 0 : 1);
