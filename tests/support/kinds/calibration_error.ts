/** `calibration_error`: bins of confidence, and their distance from accuracy. */
import { z } from "zod";
import { Calibration } from "../../../training/metrics/calibration.ts";
import type { Kind } from "./kind.ts";

const schema = z.object({ bins: z.int() });

export const calibrationError: Kind = {
  tolerance: 1e-12,
  isOfNoBackend: true,
  check(fixture) {
    const { data, shape: [count, classes] } = fixture.input("logits");
    const logits = Float32Array.from(data);
    const { data: labels } = fixture.input("labels");
    const calibration = new Calibration(classes, fixture.config(schema).bins);
    // In two batches; the first ends with filling.
    const first = Math.floor(count / 2);
    calibration.add(logits, { labels: labels.subarray(0, first) });
    calibration.add(logits.subarray(first * classes), { labels: labels.subarray(first) });
    const bins = calibration.bins();
    const gaps = bins.map(({ accuracy, confidence }) => Math.abs(accuracy - confidence));
    fixture.compare("count", bins.map(({ count }) => count));
    fixture.compare("bin_accuracy", bins.map(({ accuracy }) => accuracy));
    fixture.compare("bin_confidence", bins.map(({ confidence }) => confidence));
    fixture.compare("expected_calibration_error", [calibration.expectedError()]);
    fixture.compare("maximum_calibration_error", [Math.max(...gaps)]);
    return Promise.resolve();
  },
};
