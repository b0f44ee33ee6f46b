/** WebGPU whose devices misbehave: loaded before the command line to see what it makes of it. */

/** Replaces what `requestAdapter` finds. */
export function replaceAdapter(replace: (adapter: GPUAdapter) => GPUAdapter | null): void {
  const gpu = navigator.gpu;
  const requestAdapter = gpu.requestAdapter.bind(gpu);
  gpu.requestAdapter = async (options) => {
    const adapter = await requestAdapter(options);
    return adapter && replace(adapter);
  };
}

/** The same object with some properties replaced. */
export function withProperties<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get(target, key) {
      if (Object.hasOwn(changes, key)) return Reflect.get(changes, key);
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
