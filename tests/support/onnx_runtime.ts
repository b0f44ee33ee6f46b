/** Whether ONNX Runtime is available; without it, files are only decoded. */
export const hasRuntime = await import("npm:onnxruntime-web@1.30.0").then(() => true, () => false);

/** Options of a test that needs ONNX Runtime. */
export const inRuntime = { ignore: !hasRuntime };
