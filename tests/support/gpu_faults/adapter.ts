/** WebGPU with faulty devices: loaded before the command line to test how it reacts. */

/** Replaces the result of `requestAdapter`. */
export function replaceAdapter(replace: (adapter: GPUAdapter) => GPUAdapter | null): void {
  const gpu = navigator.gpu;
  const requestAdapter = gpu.requestAdapter.bind(gpu);
  gpu.requestAdapter = async (options) => {
    const adapter = await requestAdapter(options);
    return adapter && replace(adapter);
  };
}

/** An object with some properties replaced. */
export function withProperties<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get(target, key) {
      if (Object.hasOwn(changes, key)) return Reflect.get(changes, key);
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
