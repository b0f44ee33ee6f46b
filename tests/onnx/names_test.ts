import { assertEquals } from "@std/assert";
import { namedByNodes, type OnnxNode } from "../../onnx/names.ts";
import type { Tensor } from "../../safetensors/safetensors.ts";

const tensor = (shape: number[], ...data: number[]): Tensor => ({
  dtype: "F32",
  shape,
  data: Float32Array.from(data),
});

const node = (
  op: string,
  name: string,
  inputs: string[],
  outputs: string[] = [],
  attributes: Readonly<Record<string, number[]>> = {},
) => ({ op, name, inputs, outputs, attributes: new Map(Object.entries(attributes)) });

const named = (tensors: Map<string, Tensor>, nodes: OnnxNode[]) =>
  namedByNodes(tensors, new Map(), nodes).tensors;

Deno.test("tensors renamed by the exporter are named by the layers of their nodes", () => {
  const [kernel, shift, matrix] = [
    tensor([1], 1),
    tensor([1], 2),
    tensor([2, 3], 0, 1, 2, 3, 4, 5),
  ];
  const found = named(
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
    found,
    new Map([
      ["features.0.block.2.weight", kernel],
      ["features.0.block.2.bias", shift],
      ["head.fc.weight", tensor([3, 2], 0, 3, 1, 4, 2, 5)],
    ]),
  );
});

Deno.test("equal tensors stored once are found under each of their names", () => {
  const one = tensor([1], 1);
  const found = named(new Map([["bn1.weight", one], ["conv.weight", one], ["12", one]]), [
    node("Identity", "Identity_0", ["bn1.weight"], ["bn2.weight"]),
    node("Identity", "Identity_1", ["12"], ["onnx::Conv_13"]),
    node("Conv", "Conv_3", ["x", "conv.weight", "onnx::Conv_13"]),
  ]);
  assertEquals([...found.keys()], [
    ...["bn1.weight", "conv.weight", "12", "bn2.weight", "conv.bias"],
  ]);
});

Deno.test("tensors that no node names keep their names, and existing names are not replaced", () => {
  const [a, b] = [tensor([1], 1), tensor([1], 2)];
  const tensors = new Map([["onnx::Conv_1", a], ["conv.weight", b], ["conv.bias", b]]);
  const nodes = [
    node("Conv", "Conv_0", ["x", "onnx::Conv_1"]),
    node("Conv", "/conv/Conv", ["x", "conv.weight", "conv.bias"]),
    node("Conv", "", []),
  ];
  assertEquals(named(tensors, nodes), tensors);
});

Deno.test("a matrix gets the layout of a layer's weight, whatever its node does to it", () => {
  const [stored, layer] = [tensor([2, 2], 1, 2, 3, 4), tensor([2, 2], 1, 3, 2, 4)];
  const weight = (...nodes: OnnxNode[]) =>
    named(new Map([["fc.weight", stored]]), nodes).get("fc.weight");
  const inputs = ["x", "fc.weight"];
  assertEquals(weight(node("Gemm", "", inputs, [], { transB: [1] })), stored);
  assertEquals(weight(node("Gemm", "", inputs)), layer);
  assertEquals(weight(node("MatMul", "", inputs)), layer);
  assertEquals(weight(node("Cast", "", ["fc.weight"], ["c"]), node("Gemm", "", ["x", "c"])), layer);
  const turned = node("Transpose", "", ["fc.weight"], ["/t"], { perm: [1, 0] });
  assertEquals(weight(turned, node("MatMul", "", ["x", "/t"])), stored);
  assertEquals(weight(turned, node("Gemm", "", ["x", "/t"], [], { transB: [1] })), layer);
  assertEquals(
    weight(node("Gemm", "", inputs), node("Gemm", "", inputs)),
    layer,
    "used twice, it is turned once",
  );
});

Deno.test("the factors of a Gemm are multiplied into its parameters", () => {
  const found = named(new Map([["3", tensor([1, 2], 1, 2)], ["fc.bias", tensor([2], 3, 4)]]), [
    node("Gemm", "/fc/Gemm", ["x", "3", "fc.bias"], [], { alpha: [2], beta: [0.5] }),
  ]);
  assertEquals(
    found,
    new Map([["fc.bias", tensor([2], 1.5, 2)], ["fc.weight", tensor([2, 1], 2, 4)]]),
  );
});

Deno.test("names are followed through nodes that copy, in any order and in cycles", () => {
  const one = tensor([1], 1);
  const found = named(new Map([["a.bias", one]]), [
    node("Identity", "", ["between"], ["b.bias"]),
    node("Identity", "", ["a.bias"], ["between"]),
    node("Identity", "", ["p"], ["q"]),
    node("Identity", "", ["q"], ["p"]),
  ]);
  assertEquals([...found.keys()], ["a.bias", "between", "b.bias"]);
});

Deno.test("weights are constants that layers use, or that are named like a layer's", () => {
  const tensors = new Map(
    ["kernel", "norm.weight", "onnx::MatMul_7", "pool.averages", "mean"]
      .map((name, i) => [name, tensor([1, 1], i)]),
  );
  const { weights } = namedByNodes(tensors, new Map(), [
    node("Conv", "Conv_0", ["x", "kernel"]),
    node("MatMul", "MatMul_1", ["x", "onnx::MatMul_7"]),
    node("MatMul", "MatMul_2", ["x", "pool.averages"]),
    node("Sub", "Sub_3", ["x", "mean"]),
  ]);
  assertEquals([...weights].map(({ data }) => Number(data[0])).toSorted(), [0, 1, 2]);
});

Deno.test("unread tensors are listed by layer, with the reason", () => {
  const why = (nodes: OnnxNode[], unread: Record<string, string> = {}) =>
    namedByNodes(
      new Map([["a.weight", tensor([1, 1], 1)]]),
      new Map(Object.entries(unread)),
      nodes,
    ).unread;
  const quantized = why(
    [
      node("DequantizeLinear", "", ["conv_q", "scale"], ["conv_f"]),
      node("Conv", "/conv/Conv", ["x", "conv_f"]),
    ],
    { conv_q: "as int8" },
  );
  assertEquals(quantized.get("conv.weight"), "as int8");
  const turnedInput = why([node("Gemm", "", ["x", "a.weight"], [], { transA: [1] })]);
  assertEquals(turnedInput.get("a.weight")?.includes("transA"), true);
  const twoForms = why([
    node("Gemm", "", ["x", "a.weight"], [], { transB: [1] }),
    node("MatMul", "", ["x", "a.weight"]),
  ]);
  assertEquals(twoForms.get("a.weight")?.includes("used twice"), true);
});
