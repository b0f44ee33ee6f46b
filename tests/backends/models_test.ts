/**
 * Whole models on every backend: those of tests/fixtures, which take longest of all fixtures and so
 * have a file, and with it a core, to themselves.
 */
import { assertEquals } from "@std/assert";
import { isModel, OWN_FIXTURES, testFixtures } from "../support/fixture_tests.ts";

const unknown = testFixtures(OWN_FIXTURES, isModel);

Deno.test("every kind of the models' fixtures is checked", () => assertEquals(unknown, []));
