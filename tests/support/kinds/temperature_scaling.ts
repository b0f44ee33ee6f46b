/** `temperature_scaling`: the temperature that fits logits best, and its effect. */
import { Calibration } from "../../../training/metrics/calibration.ts";
import { fitTemperature, negativeLogLikelihood } from "../../../training/temperature.ts";
import type { Kind } from "./kind.ts";

export const temperatureScaling: Kind = {
  tolerance: 1e-12,
  isOfNoBackend: true,
  check(fixture) {
    const { data: logits, shape: [, classes] } = fixture.input("logits");
    const { data: labels } = fixture.input("labels");
    const errorAt = (temperature: number) => {
      const calibration = new Calibration(classes);
      calibration.add(Float32Array.from(logits, (logit) => logit / temperature), { labels });
      return calibration.expectedError();
    };
    const temperature = fitTemperature(logits, labels);
    // Where the loss is flat, float64 cannot distinguish its minimum from neighbouring values.
    fixture.compare("temperature", [temperature], 1e-8);
    fixture.compare("loss_before", [negativeLogLikelihood(logits, labels)]);
    fixture.compare("loss_after", [negativeLogLikelihood(logits, labels, temperature)]);
    fixture.compare("error_before", [errorAt(1)]);
    // Scaled logits are rounded to f32.
    fixture.compare("error_after", [errorAt(temperature)], 1e-6);
    return Promise.resolve();
  },
};
