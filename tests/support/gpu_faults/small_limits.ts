/** An adapter with one storage buffer per shader. */
import { replaceAdapter, withProperties } from "./adapter.ts";

replaceAdapter((adapter) =>
  withProperties(adapter, {
    async requestDevice(descriptor) {
      const device = await adapter.requestDevice(descriptor);
      const limits = withProperties(device.limits, { maxStorageBuffersPerShaderStage: 1 });
      Object.defineProperty(device, "limits", { value: limits });
      return device;
    },
  })
);
