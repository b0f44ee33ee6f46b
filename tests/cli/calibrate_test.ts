import { assertEquals } from "@std/assert";
import { describeGrownError } from "../../cli/calibrate.ts";

Deno.test("calibrate warns only of a temperature that raises the calibration error", () => {
  const [less, more] = [
    { loss: 2.002, expectedCalibrationError: 0.0627 },
    { loss: 2.001, expectedCalibrationError: 0.0797 },
  ];
  assertEquals(
    describeGrownError(less, more, "overfold calibrate RUN --reset"),
    "the temperature lowers the loss but raises the calibration error (6.27 % to 7.97 %); " +
      "to remove it: overfold calibrate RUN --reset",
  );
  for (const before of [less, more]) assertEquals(describeGrownError(before, less, ""), undefined);
});
