/**
 * The whole models of tests/fixtures on every backend. They are the slowest fixtures and therefore
 * have a file, and thereby a core, to themselves.
 */
import { assertEquals } from "@std/assert";
import { isModel, OWN_FIXTURES, testFixtures } from "../support/fixture_tests.ts";

const unknown = testFixtures(OWN_FIXTURES, isModel);

Deno.test("every model fixture has a known kind", () => assertEquals(unknown, []));
