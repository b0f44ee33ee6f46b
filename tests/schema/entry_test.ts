import { assertEquals, assertThrows } from "@std/assert";
import { parseConfig } from "../../config/load.ts";
import { InputError } from "../../errors.ts";
import {
  bareNames,
  type Choice,
  choiceOf,
  chosen,
  type Entry,
  findEntry,
  namesBySchema,
  type ParsedChoice,
  parseOptions,
  z,
} from "../../schema/entry.ts";
import { jsonSchemaOf } from "../../schema/json.ts";
import { mistakesOf } from "../../schema/mistakes.ts";

/** Entries that build a formula's text. */
interface FormulaEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  build(options: z.output<S>, variable: string): string;
}

function entry<S extends z.ZodObject>(definition: FormulaEntry<S>): FormulaEntry<S> {
  return definition;
}

const slope = z.object({ slope: z.number().positive().describe("Slope") });
const FORMULAS = {
  line: entry({
    about: "A straight line",
    schema: slope,
    build: ({ slope }, x) => `${slope}${x}`,
  }),
  cone: entry({
    about: "Two of them",
    schema: slope,
    build: ({ slope }, x) => `${slope}|${x}|`,
  }),
  power: entry({
    about: "A power",
    schema: z.strictObject({
      exponent: z.int().min(1).default(2).describe("Exponent"),
      inverse: z.boolean().default(false).describe("Whether to take the root"),
    }).refine((o) => !o.inverse || o.exponent > 1, { path: ["inverse"], error: "nothing to undo" }),
    build: ({ exponent, inverse }, x) => `${x}^${inverse ? "1/" : ""}${exponent}`,
  }),
};

const schema = z.strictObject({
  formula: choiceOf(FORMULAS).default("power").describe("Which formula"),
});

function mistakes(value: unknown): string[] {
  return mistakesOf(schema, value).map(({ path, part, text }) =>
    `${path.join(".")} (${part}): ${text}`
  );
}

Deno.test("a choice is a mapping with a name, or only the name if no option is required", () => {
  assertEquals(bareNames(FORMULAS), ["power"]);
  assertEquals(schema.parse({ formula: "power" }), { formula: "power" });
  assertEquals(schema.parse({}), { formula: "power" });
  assertEquals(schema.parse({ formula: { name: "line", slope: 3 } }), {
    formula: { name: "line", slope: 3 },
  });
  // Defaults are filled in, the name first, as a stored config has them.
  const { formula } = schema.parse({ formula: { inverse: true, name: "power" } });
  assertEquals(JSON.stringify(formula), '{"name":"power","exponent":2,"inverse":true}');
});

Deno.test("a choice's types follow from the entries' schemas", () => {
  const written: Choice<typeof FORMULAS>[] = ["power", { name: "power" }, {
    name: "cone",
    slope: 1,
  }];
  // @ts-expect-error a line needs a slope
  written.push("line");
  // @ts-expect-error a power has no slope
  written.push({ name: "power", slope: 1 });
  const parsed: ParsedChoice<typeof FORMULAS> = schema.parse({ formula: { name: "power" } })
    .formula;
  if (typeof parsed === "object" && parsed.name === "power") {
    const exponent: number = parsed.exponent;
    assertEquals(exponent, 2);
  }
});

Deno.test("mistakes in a choice are reported at their place, with the nearest valid name", () => {
  assertEquals(mistakes({ formula: "pover" }), [
    'formula (value): found "pover", expected power or a mapping with the name one of ' +
    'line, cone, power; did you mean "power"?',
  ]);
  assertEquals(mistakes({ formula: "line" }), [
    'formula (value): found "line", expected power or a mapping with the name one of ' +
    "line, cone, power; line needs options: slope",
  ]);
  assertEquals(mistakes({ formula: { name: "con" } }), [
    'formula.name (value): found "con", expected one of line, cone, power; did you mean "cone"?',
    "formula.slope (key): missing; expected a number above 0",
  ]);
  assertEquals(mistakes({ formula: { slope: 1 } }), [
    "formula.name (key): missing; expected one of line, cone, power",
  ]);
  assertEquals(mistakes({ formula: { name: "cone", slop: 1 } }), [
    'formula.slop (key): unknown key; did you mean "slope"?',
  ]);
  assertEquals(mistakes({ formula: { name: "cone", slope: 1, constructor: 1 } }), [
    "formula.constructor (key): unknown key; cone takes slope",
  ]);
  assertEquals(mistakes({ formula: { name: "power", slope: 1 } }), [
    "formula.slope (key): unknown key; power takes exponent, inverse",
  ]);
  assertEquals(mistakes({ formula: { name: "power", formula: 1, nome: 2 } }), [
    "formula.formula (key): unknown key; power takes exponent, inverse",
    "formula.nome (key): unknown key; power takes exponent, inverse",
  ]);
  assertEquals(mistakes({ formula: { name: "line", slope: 0 } }), [
    "formula.slope (value): found 0, expected a number above 0",
  ]);
  assertEquals(mistakes({ formula: { name: "power", exponent: 1, inverse: true } }), [
    "formula.inverse (value): nothing to undo",
  ]);
  assertEquals(mistakes({ formula: 3 }), [
    "formula (value): found 3, expected power or a mapping with the name one of line, cone, power",
  ]);
});

Deno.test("a choice with a wrong name has its other mistakes reported too", () => {
  assertEquals(mistakes({ formula: { name: "powr", expo: 2, inverse: 3 } }), [
    'formula.name (value): found "powr", expected one of line, cone, power; did you mean "power"?',
    "formula.inverse (value): found 3, expected true or false",
    'formula.expo (key): unknown key; did you mean "exponent"?',
  ]);
  assertEquals(mistakes({ formula: { nam: "power", exponent: 0 } }), [
    "formula.exponent (value): found 0, expected an integer of at least 1",
    'formula.nam (key): unknown key; did you mean "name"?',
  ]);
  // Only mistakes under every name: the slope or the exponent might be right.
  assertEquals(mistakes({ formula: { name: "wiggle", slope: 0, exponent: 0, color: "red" } }), [
    'formula.name (value): found "wiggle", expected one of line, cone, power',
    "formula.color (key): unknown key; valid keys: name, slope, exponent, inverse",
  ]);
});

Deno.test("a choice within a choice is checked even if both names are wrong", () => {
  const outer = z.strictObject({
    plot: choiceOf({
      curve: { about: "A curve", schema: z.object({ formula: choiceOf(FORMULAS) }) },
    }),
  });
  const found = mistakesOf(outer, { plot: { nme: "curve", formula: { name: "pow", expo: 1 } } });
  assertEquals(found.map(({ path, text }) => `${path.join(".")}: ${text}`), [
    'plot.formula.name: found "pow", expected one of line, cone, power; did you mean "power"?',
    'plot.nme: unknown key; did you mean "name"?',
    'plot.formula.expo: unknown key; did you mean "exponent"?',
  ]);
});

Deno.test("entries that share a schema share a branch of the JSON Schema", () => {
  assertEquals(namesBySchema(FORMULAS).map(({ names }) => names), [["line", "cone"], ["power"]]);
  const branches = jsonSchemaOf(choiceOf(FORMULAS)).anyOf?.[1].oneOf;
  assertEquals(branches?.map(({ description }) => description), [
    "A straight line; Two of them",
    "A power",
  ]);
  assertEquals(branches?.map(({ properties }) => properties?.name.enum ?? properties?.name.const), [
    ["line", "cone"],
    "power",
  ]);
  assertEquals(branches?.[0].additionalProperties, false);
});

Deno.test("chosen returns the entry with all its options", () => {
  const build = (choice: string | { name: string }) => {
    const { entry, options } = chosen<FormulaEntry>(FORMULAS, choice, "formula");
    return entry.build(options, "x");
  };
  const cone: Choice<typeof FORMULAS> = { name: "cone", slope: 4 };
  assertEquals(build("power"), "x^2");
  assertEquals(build(cone), "4|x|");
});

Deno.test("an error about options has its path in them", () => {
  const wrong = (work: () => unknown) => {
    const { message, at } = assertThrows(work, InputError);
    return { message, at };
  };
  assertEquals(wrong(() => findEntry(FORMULAS, "toString", "formula")), {
    message: 'there is no formula "toString"; valid names: line, cone, power',
    at: undefined,
  });
  assertEquals(wrong(() => chosen(FORMULAS, { name: "lime" }, "formula")), {
    message: 'there is no formula "lime"; did you mean "line"?',
    at: ["name"],
  });
  assertEquals(wrong(() => chosen(FORMULAS, "line", "formula")), {
    message: "formula line: slope: missing; expected a number above 0",
    at: ["slope"],
  });
  assertEquals(wrong(() => parseOptions(FORMULAS.power, { expo: 1, inverse: 0 }, "power")), {
    message: "power: inverse: found 0, expected true or false\n" +
      'power: expo: unknown key; did you mean "exponent"?',
    at: ["inverse"],
  });
});

Deno.test("messages about a config's other unions are unchanged", () => {
  const text = "data: {dataset: mnist}\nmodel: {name: do_conv_net}\nthreads: {count: no}\n";
  const { message } = assertThrows(() => parseConfig(text, "run.yaml"), InputError);
  assertEquals(message.split(",")[0], 'run.yaml:3:18 threads.count: found "no"');
});
