/** Copies a model's state to and from an executable. */
import type { Executable } from "../../backends/backend.ts";
import type { StateLayout } from "../../layers/state.ts";

/** Copies the values of all parameters and buffers into an executable's variables. */
export function uploadState(layout: StateLayout, executable: Executable): void {
  for (const { parameter, variable, offset } of layout.ranges) {
    executable.write(variable, parameter.data, offset);
  }
}

/** Copies an executable's variables back into the model's parameters and buffers. */
export async function downloadState(layout: StateLayout, executable: Executable): Promise<void> {
  for (const { name } of layout.variables) {
    const arena = await executable.read(name);
    for (const { parameter, variable, offset, size } of layout.ranges) {
      if (variable === name) parameter.data.set(arena.subarray(offset, offset + size));
    }
  }
}
