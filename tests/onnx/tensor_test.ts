/** Tensors of ONNX files, in every field where the format allows their numbers. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { onnx } from "npm:onnx-proto@8.0.1";
import { InputError } from "../../errors.ts";
import { loadOnnxProto } from "../../files/protobuf.ts";
import { Linear } from "../../layers/linear.ts";
import { parseOnnxTensors } from "../../onnx/read.ts";
import { adoptState } from "../../weights/import.ts";

async function read(graph: onnx.IGraphProto) {
  const { ModelProto } = await loadOnnxProto();
  const bytes = ModelProto.encode(ModelProto.create({ graph })).finish();
  return await parseOnnxTensors(bytes, "a.onnx", () => Promise.reject(new Error("no other file")));
}

const bytesOf = ({ buffer }: ArrayBufferView) => new Uint8Array(buffer as ArrayBuffer);

/** 1 and -2 in each type. */
const HALVES = Float16Array.of(1, -2);
const UPPER_HALVES = Uint16Array.of(0x3f80, 0xc000);
const STORED: Readonly<Record<string, onnx.ITensorProto>> = {
  "float32, raw": { dataType: 1, rawData: bytesOf(Float32Array.of(1, -2)) },
  "float32": { dataType: 1, floatData: [1, -2] },
  "float16, raw": { dataType: 10, rawData: bytesOf(HALVES) },
  "float16 as integers": { dataType: 10, int32Data: [...new Uint16Array(HALVES.buffer)] },
  "bfloat16, raw": { dataType: 16, rawData: bytesOf(UPPER_HALVES) },
  "bfloat16 as integers": { dataType: 16, int32Data: [...UPPER_HALVES] },
  "float64, raw": { dataType: 11, rawData: bytesOf(Float64Array.of(1, -2)) },
  "float64": { dataType: 11, doubleData: [1, -2] },
};

for (const [what, stored] of Object.entries(STORED)) {
  Deno.test(`numbers of an ONNX file are read: ${what}`, async () => {
    const tensor = { ...stored, dims: [2] };
    const constant = { name: "value", type: 4, t: tensor };
    const { tensors } = await read({
      initializer: [{ ...tensor, name: "a" }],
      node: [{ opType: "Constant", output: ["b"], attribute: [constant] }],
    });
    assertEquals([...tensors.keys()].toSorted(), ["a", "b"]);
    for (const { shape, data } of tensors.values()) {
      assertEquals([shape, [...data].map(Number)], [[2], [1, -2]]);
    }
  });
}

Deno.test("numbers in the field of another type, too many or too few for the shape, are refused", async () => {
  const cases: [onnx.ITensorProto, string][] = [
    [{ dataType: 1, doubleData: [1, 2] }, "in a field for another type"],
    [{ dataType: 10, int32Data: [1, 2, 3] }, "needs 4 bytes, it has 6"],
    [{ dataType: 11, doubleData: [1] }, "needs 16 bytes, it has 8"],
    [{ dataType: 1, floatData: [1, 2], rawData: new Uint8Array(8) }, "its numbers twice"],
  ];
  for (const [tensor, message] of cases) {
    const initializer = [{ ...tensor, name: "a", dims: [2] }];
    await assertRejects(() => read({ initializer }), InputError, message);
  }
});

Deno.test("the error for an unread weight gives the reason", async () => {
  const integers = { name: "weight", dims: [1, 1], dataType: 3, rawData: new Uint8Array(1) };
  const values = { ...integers, dataType: 1, rawData: new Uint8Array(4) };
  const floats = { name: "value_floats", type: 6, floats: [1] };
  const constant = { opType: "Constant", output: ["weight"], attribute: [floats] };
  const cases: [onnx.IGraphProto, string][] = [
    [{ initializer: [integers] }, "as int8; weights must be"],
    [{ sparseInitializer: [{ values, dims: [1, 1] }] }, "sparse:"],
    [{ node: [constant] }, "in a Constant that holds no tensor"],
  ];
  for (const [graph, why] of cases) {
    const state = { path: "a.onnx", ...await read(graph) };
    const layer = new Linear(1, 1, { bias: false });
    assertThrows(() => adoptState(layer, state), InputError, `weight: in the file, but ${why}`);
  }
});
