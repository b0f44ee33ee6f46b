import { assertAlmostEquals } from "@std/assert";
import { criticalT, twoSidedP } from "../../comparison/student_t.ts";

/** From mpmath, with 25 digits: I_x(ν/2, 1/2). */
for (
  const [t, freedom, p] of [
    [0, 3, 1],
    [0.001, 1, 0.9993633804398389],
    [1, 1, 0.5],
    [30, 4, 7.352856097661322e-6],
    [-2, 17, 0.06173860653011916],
    [200, 7, 2.062190599193655e-14],
    [1.5, 120, 0.1362408352307199],
  ]
) {
  Deno.test(`|t| > ${t} with ${freedom} degrees of freedom has the probability ${p}`, () => {
    assertAlmostEquals(twoSidedP(t, freedom), p, 1e-13 * p);
  });
}

Deno.test("the critical value inverts the probability", () => {
  assertAlmostEquals(criticalT(0.05, 5), 2.570581835636315514696246, 1e-14);
  for (const freedom of [1, 2, 4, 17, 300]) {
    for (const p of [0.9, 0.05, 1e-6]) {
      assertAlmostEquals(twoSidedP(criticalT(p, freedom), freedom), p, 1e-13 * p);
    }
  }
});
