/** `classification_report`: confusion matrix, precision, recall and F1 of predicted labels. */
import { z } from "zod";
import { ConfusionMatrix } from "../../../training/confusion.ts";
import {
  classScores,
  type DecisionScores,
  macroScores,
} from "../../../training/metrics/decisions.ts";
import type { Kind } from "./kind.ts";

const schema = z.object({ classes: z.int(), zero_division: z.literal(0) });

const row = ({ precision, recall, f1 }: DecisionScores) => [precision, recall, f1];

export const classificationReport: Kind = {
  tolerance: 1e-12,
  check(fixture) {
    const { classes } = fixture.config(schema);
    const { data: labels } = fixture.input("labels");
    const { data: predictions } = fixture.input("predictions");
    const matrix = new ConfusionMatrix(Array.from({ length: classes }, (_, c) => `${c}`));
    labels.forEach((label, i) => matrix.add(label, predictions[i]));
    const perClass = matrix.perClass();
    const support = perClass.map(({ count }) => count);
    const right = perClass.reduce((sum, { correct }) => sum + correct, 0);
    const scores = classScores(matrix.decisions());
    // A class occurs if it is the true or the predicted class of an image.
    const occurs = support.map((count, c) => count > 0 || predictions.includes(c) ? 1 : 0);
    fixture.compare("confusion", matrix.counts.flat());
    fixture.compare("support", support);
    fixture.compare("accuracy", [right / labels.length]);
    fixture.compare("precision", scores.map(({ precision }) => precision));
    fixture.compare("recall", scores.map(({ recall }) => recall));
    fixture.compare("f1", scores.map(({ f1 }) => f1));
    fixture.compare("macro", row(macroScores(scores)));
    fixture.compare("macro_present", row(macroScores(scores, occurs)));
    fixture.compare("weighted", row(macroScores(scores, support)));
    return Promise.resolve();
  },
};
