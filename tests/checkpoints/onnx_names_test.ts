import { assertEquals } from "@std/assert";
import { namedByNodes } from "../../checkpoints/onnx_names.ts";
import type { Tensor } from "../../checkpoints/safetensors.ts";

const tensor = (shape: number[], ...data: number[]): Tensor => ({
  dtype: "F32",
  shape,
  data: Float32Array.from(data),
});

const node = (op: string, name: string, inputs: string[], outputs: string[] = []) => ({
  op,
  name,
  inputs,
  outputs,
});

Deno.test("what the exporter took the names off is named by the layers of its nodes", () => {
  const [kernel, shift, matrix] = [
    tensor([1], 1),
    tensor([1], 2),
    tensor([2, 3], 0, 1, 2, 3, 4, 5),
  ];
  const named = namedByNodes(
    new Map([["onnx::Conv_7", kernel], ["onnx::Conv_8", shift], ["onnx::MatMul_9", matrix]]),
    [
      node("Conv", "/features/features.0/block/block.2/Conv", [
        "x",
        "onnx::Conv_7",
        "onnx::Conv_8",
      ]),
      node("MatMul", "/head/fc/MatMul", ["y", "onnx::MatMul_9"]),
    ],
  );
  assertEquals(
    named,
    new Map([
      ["features.0.block.2.weight", kernel],
      ["features.0.block.2.bias", shift],
      ["head.fc.weight", tensor([3, 2], 0, 3, 1, 4, 2, 5)],
    ]),
  );
});

Deno.test("equal tensors that share one are there under each of their names", () => {
  const one = tensor([1], 1);
  const named = namedByNodes(new Map([["bn1.weight", one], ["conv.weight", one], ["12", one]]), [
    node("Identity", "Identity_0", ["bn1.weight"], ["bn2.weight"]),
    node("Identity", "Identity_1", ["12"], ["onnx::Conv_13"]),
    node("Conv", "Conv_3", ["x", "conv.weight", "onnx::Conv_13"]),
  ]);
  assertEquals([...named.keys()], [
    ...["bn1.weight", "conv.weight", "12", "bn2.weight", "conv.bias"],
  ]);
});

Deno.test("what no node names stays as it is, and no name of the file's is replaced", () => {
  const [a, b] = [tensor([1], 1), tensor([1], 2)];
  const tensors = new Map([["onnx::Conv_1", a], ["conv.weight", b], ["conv.bias", b]]);
  const nodes = [
    node("Conv", "Conv_0", ["x", "onnx::Conv_1"]),
    node("Conv", "/conv/Conv", ["x", "conv.weight", "conv.bias"]),
    node("Conv", "", []),
  ];
  assertEquals(namedByNodes(tensors, nodes), tensors);
});
