/**
 * The protobuf libraries behind ONNX files. They are named by variables so that they are fetched when
 * a file is written or read; imports that can be seen are fetched before anything runs.
 */
import type onnxProto from "npm:onnx-proto@8.0.1";
import type protobuf from "npm:protobufjs@6.11.6/minimal.js";
import { importLibrary } from "./library.ts";

const ONNX_PROTO = "npm:onnx-proto@8.0.1";
const PROTOBUF = "npm:protobufjs@6.11.6/minimal.js";

/** onnx.proto's messages. Throws RunError if the library cannot be loaded. */
export async function loadOnnxProto(): Promise<typeof onnxProto.onnx> {
  return (await importLibrary<{ default: typeof onnxProto }>(ONNX_PROTO)).default.onnx;
}

/** Protocol buffers without definitions of messages. Throws RunError if the library cannot be loaded. */
export async function loadProtobuf(): Promise<typeof protobuf> {
  return (await importLibrary<{ default: typeof protobuf }>(PROTOBUF)).default;
}
