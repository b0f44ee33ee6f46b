/** Reading a model's state back. */
import type { Executable } from "../../backends/backend.ts";
import type { StateLayout } from "../../layers/state.ts";

/** Copies an executable's variables back into the parameters and buffers of the model. */
export async function downloadState(layout: StateLayout, executable: Executable): Promise<void> {
  for (const { name } of layout.variables) {
    const arena = await executable.read(name);
    for (const { parameter, variable, offset, size } of layout.ranges) {
      if (variable === name) parameter.data.set(arena.subarray(offset, offset + size));
    }
  }
}
