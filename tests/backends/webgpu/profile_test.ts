import { assertAlmostEquals, assertEquals } from "@std/assert";
import { nanosecondsPerTick } from "../../../backends/webgpu/profile.ts";

Deno.test("ticks are nanoseconds unless the host's clock says otherwise", () => {
  assertEquals(nanosecondsPerTick(205e6, 212), 1);
  // Intel's 12 MHz, AMD's 100 MHz.
  assertAlmostEquals(nanosecondsPerTick(2.4e6, 200), 83.33, 0.01);
  assertAlmostEquals(nanosecondsPerTick(20e6, 200), 10, 0.01);
  // A clock that was set back or has stopped is ignored.
  for (const ticks of [0, -5e9]) assertEquals(nanosecondsPerTick(ticks, 200), 1);
});
