/**
 * The protobuf libraries behind ONNX files. They are named by variables so that they are fetched when
 * a file is written or read; imports that can be seen are fetched before anything runs.
 */
import type onnxProto from "npm:onnx-proto@8.0.1";
import type protobuf from "npm:protobufjs@6.11.6/minimal.js";
import { RunError } from "../errors.ts";

const ONNX_PROTO = "npm:onnx-proto@8.0.1";
const PROTOBUF = "npm:protobufjs@6.11.6/minimal.js";

/** onnx.proto's messages. Throws RunError if the library cannot be had. */
export async function loadOnnxProto(): Promise<typeof onnxProto.onnx> {
  const { onnx }: typeof onnxProto = await load(ONNX_PROTO);
  return onnx;
}

/** Protocol buffers without definitions of messages. Throws RunError if it cannot be had. */
export async function loadProtobuf(): Promise<typeof protobuf> {
  return await load(PROTOBUF);
}

async function load<T>(specifier: string): Promise<T> {
  try {
    return (await import(specifier)).default;
  } catch (error) {
    throw new RunError(
      `${specifier}, which ONNX files need, could not be loaded: ${(error as Error).message}\n` +
        "It is downloaded when it is first needed: connect to the network and try again",
    );
  }
}
