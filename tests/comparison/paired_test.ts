import { assertAlmostEquals, assertEquals } from "@std/assert";
import { holm, pairedStatistics, spreadOf } from "../../comparison/paired.ts";
import fixture from "../fixtures/statistics/paired.json" with { type: "json" };

const TOLERANCE = 1e-9;

/** Expects equal numbers within a relative tolerance, or null twice. */
function assertClose(found: number | null, expected: number | null, what: string): void {
  if (found === null || expected === null) assertEquals(found, expected, what);
  else assertAlmostEquals(found, expected, TOLERANCE * Math.abs(expected) || TOLERANCE, what);
}

for (const { name, baseline, treatment, ...expected } of fixture.cases) {
  Deno.test(`paired statistics match scipy's: ${name}`, () => {
    const { pairs, difference, wilcoxon, signTest } = pairedStatistics(baseline, treatment);
    assertEquals(pairs, expected.n);
    for (const [values, kind] of [[baseline, "baseline"], [treatment, "treatment"]] as const) {
      assertClose(spreadOf(values).mean, expected[`${kind}_mean`], `${kind} mean`);
      assertClose(spreadOf(values).sd, expected[`${kind}_sd`], `${kind} sd`);
    }
    const { interval, effect, standardError, degreesOfFreedom, mean, sd, t, p } = difference;
    const { ci95, d_z, standard_error, degrees_of_freedom } = expected.difference;
    assertEquals(degreesOfFreedom, degrees_of_freedom);
    assertClose(mean, expected.difference.mean, "mean");
    assertClose(sd, expected.difference.sd, "sd");
    assertClose(t, expected.difference.t, "t");
    assertClose(p, expected.difference.p, "p");
    assertClose(standardError, standard_error, "standard error");
    assertClose(effect, d_z, "d_z");
    assertEquals(interval === null, ci95 === null);
    // Near 0 the error of scipy's critical value, about 1e-9, dominates.
    interval?.forEach((end, i) => assertAlmostEquals(end, ci95![i], TOLERANCE));
    assertEquals(
      [wilcoxon.count, wilcoxon.positiveRanks, wilcoxon.negativeRanks],
      [expected.wilcoxon.n, expected.wilcoxon.w_plus, expected.wilcoxon.w_minus],
    );
    assertClose(wilcoxon.p, expected.wilcoxon.p, "Wilcoxon's p");
    const { p: signP, ...signs } = signTest;
    const { p: expectedP, ...expectedSigns } = expected.sign_test;
    assertEquals(signs, expectedSigns);
    assertClose(signP, expectedP, "the sign test's p");
  });
}

for (const { p, adjusted } of fixture.holm) {
  Deno.test(`Holm's correction of ${p.map((value) => value.toPrecision(3)).join(", ")}`, () => {
    holm(p).forEach((value, i) => assertAlmostEquals(value, adjusted[i], TOLERANCE));
  });
}
