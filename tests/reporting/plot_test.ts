import { assertEquals } from "@std/assert";
import { plotText } from "../../reporting/plot.ts";

Deno.test("a curve is drawn as text with axes", () => {
  const points = [4, 4, 3, 2, 1, 9].map((y, x) => ({ x, y }));
  const ticks = [{ x: 0, label: "0" }, { x: 4, label: "four" }, { x: 7, label: "beyond" }];
  assertEquals(
    plotText({ points, ticks, mark: 2, top: 4 }, 11, 4),
    [
      "    4.00 ┤• • ┊     •",
      "         ┤    •",
      "         ┤    ┊ •",
      "    1.00 ┤    ┊   •",
      "         └┴───────┴──",
      "          0     four",
    ].join("\n"),
  );
});

Deno.test("a constant curve is drawn as a line", () => {
  const points = [{ x: 0, y: 2 }, { x: 1, y: 2 }];
  assertEquals(
    plotText({ points, ticks: [], top: 2 }, 3, 2),
    ["    2.00 ┤• •", "    2.00 ┤", "         └───", "          "].join("\n"),
  );
});
