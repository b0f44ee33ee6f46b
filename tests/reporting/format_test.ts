import { assertEquals } from "@std/assert";
import {
  abridged,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatPercent,
  formatSi,
  formatTable,
} from "../../reporting/format.ts";

Deno.test("sizes have binary units", () => {
  assertEquals([0, 1023, 1024, 1536 * 1024, 2 ** 50 * 3].map(formatBytes), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 MiB",
    "3072.0 TiB",
  ]);
});

Deno.test("counts other than one are plural", () => {
  const found = [0, 1, 1200].map((count) => formatNumberOf(count, "picture"));
  assertEquals(found, ["0 pictures", "1 picture", "1,200 pictures"]);
});

Deno.test("durations have at most two units, and never 60 of the smaller", () => {
  assertEquals([0.0123, 0.9999, 4.21, 59.96, 185, 3599.7, 7619, NaN].map(formatDuration), [
    "12 ms",
    "1.0 s",
    "4.2 s",
    "1 min 00 s",
    "3 min 05 s",
    "1 h 00 min",
    "2 h 07 min",
    "?",
  ]);
});

Deno.test("counts, SI numbers and percentages are formatted", () => {
  assertEquals(formatCount(11689512), "11,689,512");
  assertEquals([0.5, 999, 41_234_567, 2.5e9].map(formatSi), ["0.5", "999", "41.2 M", "2.5 G"]);
  assertEquals(formatPercent(0.99123), "99.12 %");
});

Deno.test("tables align their columns without trailing spaces", () => {
  const rows = [["name", "count"], ["a", "1"], ["long name", "12345"]];
  assertEquals(
    formatTable(rows, ["left", "right"]),
    "name       count\na              1\nlong name  12345",
  );
});

Deno.test("long text is truncated with its length", () => {
  assertEquals(abridged("abc", 3), "abc");
  assertEquals(abridged("x".repeat(2000), 3), "xxx… (2,000 characters)");
});
