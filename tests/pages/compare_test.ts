import { testInChromium } from "../support/chromium.ts";

testInChromium(
  "the page of a comparison shows its numbers in Chromium, and asks for nothing",
  new URL("compare_in_browser.ts", import.meta.url),
);
